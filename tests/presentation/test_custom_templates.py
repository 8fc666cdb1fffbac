"""Custom templates: what they may do, how mistakes in them are reported, and that no title is a template."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from bot.channels.maildir import MaildirChannel
from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.mrkdwn import escape, size
from bot.digests.model import Digest, ScoredPaper
from bot.errors import Problem
from bot.papers.model import Paper
from bot.presentation import template_check
from bot.presentation.custom_templates import MAX_DEPTH, CustomTemplates, misnamed
from bot.presentation.digest_view import LinkPage, UnsubscribeView, digest_view
from bot.presentation.templates import BUILT_IN, Templates, environment
from bot.text.plain import truncate
from tests.support.cli import ROOT
from tests.support.samples import HOSTILE, TOKEN, digest, scored

HTML, TEXT, SLACK, PAGE = "digest.html.j2", "digest.txt.j2", "digest.slack.j2", "unsubscribe.html.j2"
VIEW = digest_view(digest(2))
#: Titles that would be templates or markup if they were not escaped.
INJECTIONS = (
    "{{ 7*7 }}",
    "{% raise %} {% include 'digest.txt.j2' %}",
    "{{ ''.__class__.__mro__ }}",
    "{# gone #}",
    "<script>alert(1)</script>",
    "<!channel> <@U123> & *bold*",
)


@dataclass
class Custom:
    """A folder of custom templates, and the problems that were reported."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.templates = Templates(self.folder, self.problems.append)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def text(self, template: str, shown: Digest | None = None) -> str:
        """The text of a mail made by this template."""
        self.write(TEXT, template)
        return self.templates.text(digest_view(shown) if shown else VIEW)

    def html(self, template: str, shown: Digest | None = None) -> str:
        self.write(HTML, template)
        return self.templates.html(digest_view(shown) if shown else VIEW)

    def slack(self, template: str, shown: Digest | None = None) -> str:
        """The `text` of the first message."""
        self.write(SLACK, template)
        return slack_text(self.templates, shown or digest(2))

    @property
    def lines(self) -> list[tuple[str, int, str]]:
        """The problems: file, line, message."""
        return [(str(Path(p.file).relative_to(self.folder)), p.line, p.message) for p in self.problems]


def slack_text(templates: Templates, shown: Digest) -> str:
    payload = SlackChannel(None, templates=templates).render(shown, TOKEN, "C0PAPERS")[0].payload
    return str(json.loads(payload)["text"])


@pytest.fixture
def custom(tmp_path: Path) -> Custom:
    return Custom(tmp_path)


# --- In place of the built-in ones --------------------------------------------------------------------------


def test_without_a_folder_there_is_no_sandbox() -> None:
    """The sandbox is imported only for custom templates."""
    code = (
        "import sys, bot.presentation.templates as t; t.Templates(); print('jinja2.sandbox' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"


def test_one_template_is_overridden_and_the_others_stay(custom: Custom) -> None:
    """Only templates in the folder are replaced."""
    assert custom.text("{{ digest.profile }}: {{ digest.papers|length }}") == "ada: 2"
    assert custom.templates.html(VIEW) == BUILT_IN.html(VIEW)
    assert slack_text(custom.templates, digest(2)) == slack_text(BUILT_IN, digest(2))
    assert custom.templates.unsubscribe(LinkPage.UNKNOWN) == BUILT_IN.unsubscribe(LinkPage.UNKNOWN)
    assert custom.problems == []


def test_styles_of_custom_html_are_inlined(custom: Custom) -> None:
    """As in the built-in template."""
    assert 'style="color: red' in custom.html("<style>p { color: red }</style><p>{{ digest.day }}</p>")


def test_the_unsubscribe_page_is_a_template_too(custom: Custom) -> None:
    """It gets the same values as the built-in one."""
    custom.write(PAGE, "{{ page }}{% if leaving %} {{ leaving.digest }} {{ leaving.reader }}{% endif %}")
    assert custom.templates.unsubscribe(LinkPage.ASKS, UnsubscribeView("a&b", "a…")) == "asks a&amp;b a…"
    assert custom.templates.unsubscribe(LinkPage.UNKNOWN) == "unknown"


def test_custom_templates_share_parts(custom: Custom) -> None:
    """They include and import files of the folder and its subfolders, and have the built-in filters."""
    custom.write("_paper.txt.j2", "{{ paper.title|wrapped(2) }}\n\n")
    custom.write("_parts/macros.txt.j2", "{% macro line(n) %}{{ '-' * n }}{% endmacro %}")
    text = custom.text(
        '{% from "_parts/macros.txt.j2" import line %}{{ line(3) }}\n'
        '{% for paper in digest.papers %}{% include "_paper.txt.j2" %}{% endfor %}'
    )
    assert text.splitlines() == ["---", *(f"  {paper.title}" for paper in VIEW.papers)]
    assert custom.problems == []


@pytest.mark.parametrize("name", ["builtin/digest.html.j2", "builtin/digest.slack.j2", "digest.html.j2"])
def test_built_in_templates_can_be_included(custom: Custom, name: str) -> None:
    """As `builtin/NAME`, or as NAME in a template of another name."""
    custom.write("digest.txt.j2", f'before {{% include "{name}" %}}')
    names = {"digest": VIEW, "papers": VIEW.papers, "part": 1, "parts": 1, "shown": escape, "cut": truncate}
    found = CustomTemplates(custom.folder, environment(), custom.problems.append).render(TEXT, str, names)
    assert custom.problems == []
    assert found is not None
    assert found.startswith("before ")
    assert VIEW.papers[0].title in found


@pytest.mark.parametrize("name", [HTML, TEXT, SLACK])
def test_built_in_templates_are_the_same_in_the_sandbox(custom: Custom, name: str) -> None:
    """Extending one without changes renders the same page."""
    custom.write(name, f'{{% extends "builtin/{name}" %}}')
    for shown in template_check.digests():
        view = digest_view(shown)
        if name == SLACK:
            assert slack_text(custom.templates, shown) == slack_text(BUILT_IN, shown)
        elif name == HTML:
            assert custom.templates.html(view) == BUILT_IN.html(view)
        else:
            assert custom.templates.text(view) == BUILT_IN.text(view)
    assert custom.problems == []


GROUPED = [shown for shown in template_check.digests() if len({one.interest for one in shown.papers}) > 1]


def test_the_documented_template_works(custom: Custom) -> None:
    """Both examples in docs/templates.md render every sample digest; the table there names every template."""
    document = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    [example, page] = re.findall(r"```jinja\n(.*?)```", document, re.DOTALL)
    custom.write(HTML, page)
    pages = [custom.templates.html(digest_view(shown)) for shown in GROUPED]
    assert pages
    assert all(re.search(r"<h2 [^>]*color: ?#1b4b82", page) for page in pages)
    texts = [custom.text(example, shown) for shown in template_check.digests()]
    assert custom.problems == []
    assert all(text.startswith("Good morning, ada! ") for text in texts)
    assert "Nothing today." in texts[3]
    assert re.findall(r"^\| `(\S+\.j2)`", document, re.MULTILINE) == [HTML, TEXT, SLACK, PAGE]


def test_changes_apply_at_once(custom: Custom) -> None:
    """Also changes of an included file, and the removal of a file."""
    part = custom.write("_part.txt.j2", "one")
    assert custom.text('{% include "_part.txt.j2" %}') == "one"
    part.write_text("three")
    assert custom.templates.text(VIEW) == "three"
    (custom.folder / TEXT).unlink()
    assert custom.templates.text(VIEW) == BUILT_IN.text(VIEW)


# --- Mistakes -------------------------------------------------------------------------------------------------

MISTAKES = [
    # a template, the line of the mistake, a part of the message
    ("\n{% for paper in digest.papers %}\n{{ paper.title }", 3, "unexpected '}'"),
    ("\n{% for paper in digest.papers %}\nx", 3, "Unexpected end of template"),
    ("\n{{ digest.day|shouted }}", 2, "No filter named 'shouted'"),
    ("\n{% raise %}", 2, "unknown tag 'raise'"),
    ("\n\n{{ digset.day }}", 3, "'digset' is undefined"),
    ("{% for paper in digest.papers %}\n{{ paper.titel }}\n{% endfor %}", 2, "no attribute 'titel'"),
    (
        "{% for p in digest.papers %}\n{% for q in p.authors %}\n{{ 1 // loop.index0 }}{% endfor %}{% endfor %}",
        3,
        "ZeroDivision",
    ),
    ("a\n{{ digest.papers + 1 }}", 2, "TypeError"),
    ('\n{% include "_gone.txt.j2" %}', 2, "there is no template _gone.txt.j2"),
    ('\n{% include "../secret" %}', 2, "there is no template ../secret"),
    ('{% extends "digest.txt.j2" %}', 1, "RecursionError"),
    ("{% macro m() %}\n{{ m() }}\n{% endmacro %}\n{{ m() }}", 2, "RecursionError"),
    ("{{ " + "(" * 3000 + ")" * 3000 + " }}", 1, "RecursionError"),
    ("\n  \n{# nothing #}\n", 1, "writes nothing"),
    ("\n{% for a in range(100001) %}{% endfor %}", 2, "Range too big"),
    ("\n{{ '\\ud800' }}", 1, "UnicodeEncodeError"),
]
ESCAPES = [
    "{{ digest.__class__ }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__}'.format(digest) }}",
    "{{ '{0.__class__}'|attr('format')(digest) }}",
    "{{ '{d.__class__.__mro__}'.format_map({'d': digest}) }}",
    "{{ ['{0.__class__}']|map('format', digest)|list and ['{0.__class__}'][0].format(digest) }}",
    "{{ [].append(1) }}",
    "{{ {}.update(a=1) }}",
    "{% set found = [1] %}{{ found.clear() }}",
    "{{ 1 }}{% set digest.profile = 'eve' %}{{ digest.profile }}",
]


@pytest.mark.parametrize(("template", "line", "message"), MISTAKES)
def test_mistakes_are_reported_with_their_line(
    custom: Custom, template: str, line: int, message: str
) -> None:
    """The built-in template is rendered instead."""
    assert custom.text(template) == BUILT_IN.text(VIEW)
    [(file, found, text)] = custom.lines
    assert (file, found) == (TEXT, line)
    assert message in text
    assert len(text) <= 300


@pytest.mark.parametrize("template", ESCAPES)
def test_the_sandbox(custom: Custom, template: str) -> None:
    """A template reaches no Python internals and changes no value, in HTML or in text."""
    custom.write(HTML, f"\n{template}")
    custom.write(TEXT, f"\n{template}")
    assert custom.templates.html(VIEW) == BUILT_IN.html(VIEW)
    assert custom.templates.text(VIEW) == BUILT_IN.text(VIEW)
    assert [(file, line) for file, line, _ in custom.lines] == [(HTML, 2), (TEXT, 2)]


def test_the_innermost_custom_line_is_reported(custom: Custom) -> None:
    """That of an included file, whether it fails to render, to parse or to decode."""
    custom.write("_part.html.j2", "<p>\n{{ digset }}</p>")
    custom.html('\n\n{% include "_part.html.j2" %}')
    custom.write("_part.html.j2", "<p>\n\n{% endfor %}</p>")
    custom.templates.html(VIEW)
    custom.write("_part.html.j2", b"<p>\n\n\n\xff</p>")
    custom.templates.html(VIEW)
    assert [(file, line) for file, line, _ in custom.lines] == [("_part.html.j2", n) for n in (2, 3, 4)]


@pytest.mark.parametrize(
    ("page", "accepted"),
    [
        ("<div>" * (MAX_DEPTH - 2) + "x", True),  # and <html> and <body>
        ("<div>" * (MAX_DEPTH + 1) + "x", False),
        ("<p>x<br><img>" * 1000, True),
        ("<div><p>x</div>" * 1000, True),
        ("<table><tr><td>" * 1000, False),
        ("<!-- <div> -->" * 1000 + "x", True),
        ("<DIV></x>" * 100_000, False),
        ("<div/>" * 1000 + "x", False),
        ("{{ '\\ud800' }}", False),
    ],
    ids=["deep", "too deep", "unclosed", "closed", "tables", "comments", "end tags", "slashes", "surrogate"],
)
def test_html_that_cannot_be_inlined_is_refused(custom: Custom, page: str, accepted: bool) -> None:
    """Thousands of open elements would end the process in the inliner, without an exception."""
    html_ = custom.html(page)
    assert (html_ != BUILT_IN.html(VIEW)) == accepted == (custom.problems == [])


def test_files_that_cannot_be_read(custom: Custom) -> None:
    """A file in another encoding and a missing folder are reported; a folder is not a template."""
    (custom.folder / PAGE).mkdir()
    custom.write(TEXT, b"one\ntwo \xe9")
    assert custom.templates.text(VIEW) == BUILT_IN.text(VIEW)
    assert custom.templates.unsubscribe(LinkPage.FAILED) == BUILT_IN.unsubscribe(LinkPage.FAILED)
    assert custom.lines == [(TEXT, 2, "this is not UTF-8 text: save the file as UTF-8")]
    gone = Custom(custom.folder / "gone")
    assert gone.templates.text(VIEW) == BUILT_IN.text(VIEW)
    gone.templates.check_files()
    assert [message for _, _, message in gone.lines] == ["cannot be read: No such file or directory"] * 2


def test_a_mistake_is_reported_once(custom: Custom) -> None:
    """However often it occurs and whatever the message; again when the file has changed."""
    custom.text("{{ {'ada': 1}[digest.profile].x }}")
    custom.templates.text(digest_view(digest(1, profile="bo")))
    assert len(custom.problems) == 1
    custom.text("{{ digest.profile.x }}\n")
    assert len(custom.problems) == 2


TOKENS = """{{ }} {% %} {# #} digest .papers for p in endfor if endif else | set = ( ) [ ] ' 1 include block b - é"""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([*TOKENS.split(), "\n", " "]), max_size=25))
def test_no_template_raises(tmp_path: Path, pieces: list[str]) -> None:
    """There is always a page; when it is the built-in one, a problem is reported."""
    custom = Custom(tmp_path)
    found = custom.text(" ".join(pieces))
    assert (found == BUILT_IN.text(VIEW)) == bool(custom.problems)


# --- Escaping -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", [*INJECTIONS, *HOSTILE])
def test_titles_are_shown_as_written(custom: Custom, title: str) -> None:
    """A title is not a template and not markup, in HTML, as text and in Slack."""
    custom.write("_paper.j2", "{{ paper.title }}")  # its name does not say that it is HTML
    loop = '{% for paper in digest.papers %}<p>{% include "_paper.j2" %}</p>{% endfor %}'
    shown = digest((scored(1, title=title),))
    meant = digest_view(shown).papers[0].title
    page = html.fromstring(custom.html(f"<div>{loop}</div>", shown))
    assert page.xpath("string(//p)") == meant
    assert not page.xpath("//p/*")
    assert custom.text("{{ digest.papers[0].title }}", shown) == meant.strip()
    first = custom.slack("{{ papers[0].title }}\n", shown).splitlines()[0]
    assert first == (escape(meant) if size(escape(meant)) < 3000 else first)
    assert "<!" not in first
    assert "<@" not in first
    assert custom.problems == []


@pytest.mark.parametrize("words", INJECTIONS)
def test_names_are_shown_as_written(words: str) -> None:
    """Names of profiles and authors, abstracts and interests, in all built-in templates."""
    shown = digest(
        (scored(1, abstract=words, authors=(words,), organization=words, interest=words), scored(2)),
        profile=words,
    )
    view = digest_view(shown)
    page = html.fromstring(BUILT_IN.html(view))
    assert page.text_content().count(words) >= 5
    assert not page.xpath("//script")
    assert words in " ".join(BUILT_IN.text(view).split())
    assert escape(words) in slack_text(BUILT_IN, shown)
    leaving = BUILT_IN.unsubscribe(LinkPage.ASKS, UnsubscribeView(words, "a…"))
    assert words in html.fromstring(leaving).text_content()


@pytest.mark.parametrize(
    "template",
    [
        "{{ papers[0].title }}",
        "{{ shown(papers[0].title) }}",
        "{{ shown(shown(papers[0].title)) }}",
        "{% macro m(p) %}{{ p.title }}{% endmacro %}{{ m(papers[0]) }}",
        "{% set t %}{{ papers[0].title }}{% endset %}{{ t }}",
        "{% block b %}{{ papers[0].title }}{% endblock %}",
        "{% import '_m.j2' as m %}{{ m.line(papers[0]) }}",
        "{% set shown = 1 %}{% include '_p.j2' %}",
    ],
)
def test_slack_text_is_escaped_once(custom: Custom, template: str) -> None:
    """However a value gets into it; text of the template itself is markup."""
    custom.write("_m.j2", "{% macro line(p) %}{{ p.title }}{% endmacro %}")
    custom.write("_p.j2", "{{ papers[0].title }}")
    title = "A & B <!channel> *x*"
    text = custom.slack(f"*New* {template}", digest((scored(1, title=title),)))
    assert text.splitlines()[0] == f"*New* {escape(title)}"
    assert custom.problems == []


def test_a_slack_text_always_names_its_digest(custom: Custom) -> None:
    """A message without metadata is looked up by its text: two digests must not have the same one."""
    parts = []
    for shown in (digest(2), digest(2, profile="bo"), digest(60)):
        custom.write(SLACK, "News!")
        for part in SlackChannel(None, templates=custom.templates).render(shown, TOKEN, "C0PAPERS"):
            parts.append(json.loads(part.payload)["text"])
    assert len(set(parts)) == len(parts) > 3
    assert parts[0] == "News!\nPaperboy for ada, Tuesday 5 May 2026: 2 papers"


# --- `check` ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (HTML, ""),
        ("digest.htm.j2", "did you mean digest.html.j2?"),
        ("digest.html", "did you mean digest.html.j2?"),
        ("unsubscribe.j2", "did you mean unsubscribe.html.j2?"),
        (
            "paper.j2",
            "there are digest.html.j2, digest.slack.j2, digest.txt.j2, unsubscribe.html.j2; start",
        ),
        ("_paper.html.j2", ""),
        (".digest.html.j2.swp", ""),
        ("digest.html.j2~", ""),
        ("README.md", ""),
        ("logo.png", ""),
    ],
)
def test_misnamed_files(name: str, message: str) -> None:
    """A file that looks like a template but would never be used is reported."""
    found = misnamed(name, [HTML, SLACK, TEXT, PAGE])
    assert message in found
    assert bool(message) == bool(found)


def test_check_renders_everything(custom: Custom, tmp_path: Path) -> None:
    """Each template with each kind of digest, and files that nothing includes."""
    custom.write(
        HTML,
        "{% for p in digest.papers %}\n{% if not p.excerpt %}\n{{ p.a }}{% endif %}{{ p.b if p.also }}{% endfor %}x",
    )
    custom.write(TEXT, "{% if not digest.papers %}{{ none.x }}{% endif %}x")
    custom.write(SLACK, "{% if part == 2 %}{{ oops }}{% endif %}x")
    custom.write(
        PAGE, "{% if page == 'done' %}\n{{ leaving.x }}{% elif page == 'failed' %}\n{{ y }}{% endif %}x"
    )
    custom.write("_unused.html.j2", "\n{% if %}")
    custom.write("digest.htm.j2", "x")
    channels = (
        MaildirChannel(tmp_path, templates=custom.templates),
        SlackChannel(None, templates=custom.templates),
    )
    template_check.check_templates(custom.templates, channels)
    assert sorted((file, line) for file, line, _ in custom.lines) == [
        ("_unused.html.j2", 2),
        ("digest.htm.j2", 1),
        (HTML, 3),
        (SLACK, 1),
        (TEXT, 1),
        (PAGE, 2),
        (PAGE, 3),
    ]


def test_sample_digests_have_and_lack_every_field() -> None:
    """Every optional field of a paper and of a scored paper is set in one, and has its default in another."""
    places = [one for made in template_check.digests() for one in made.papers]
    for kind, values in ((Paper, [one.paper for one in places]), (ScoredPaper, places)):
        for each in fields(kind):
            if each.default is MISSING or each.name in ("withdrawn", "cut", "text_source"):  # not shown
                continue
            found = [getattr(value, each.name) for value in values]
            assert each.default in found, each.name
            assert any(value != each.default for value in found), each.name
    assert any(not made.papers for made in template_check.digests())

"""One's own templates: what they may do, what a mistake in one comes to, and that no title is a template."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
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
from bot.presentation.custom_templates import DEEPEST, LONGEST, CustomTemplates, misnamed
from bot.presentation.digest_view import LinkPage, UnsubscribeView, digest_view
from bot.presentation.templates import BUILT_IN, Templates, environment
from bot.text.plain import truncate
from tests.support.cli import ROOT
from tests.support.samples import HOSTILE, TOKEN, digest, scored

HTML, TEXT, SLACK, PAGE = "digest.html.j2", "digest.txt.j2", "digest.slack.j2", "unsubscribe.html.j2"
VIEW = digest_view(digest(2))
#: What a title would say that took itself for a template.
INJECTIONS = (
    "{{ 7*7 }}",
    "{% raise %} {% include 'digest.txt.j2' %}",
    "{{ ''.__class__.__mro__ }}",
    "{# gone #}",
    "<script>alert(1)</script>",
    "<!channel> <@U123> & *bold*",
)


@dataclass
class Own:
    """A folder of one's own templates, and what was told of them."""

    folder: Path
    told: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.templates = Templates(self.folder, self.told.append)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def text(self, template: str, shown: Digest | None = None) -> str:
        """What it writes as the text of a mail."""
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
        """Whatever was told: file, line, message."""
        return [(str(Path(p.file).relative_to(self.folder)), p.line, p.message) for p in self.told]


def slack_text(templates: Templates, shown: Digest) -> str:
    payload = SlackChannel(None, templates=templates).render(shown, TOKEN, "C0PAPERS")[0].payload
    return str(json.loads(payload)["text"])


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


# --- In place of the built-in ones --------------------------------------------------------------------------


def test_without_a_folder_there_is_no_sandbox() -> None:
    """Who has no templates of their own does not pay for those of others."""
    code = (
        "import sys, bot.presentation.templates as r; r.Templates(); print('jinja2.sandbox' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"


def test_one_template_is_overridden_and_the_others_stay(own: Own) -> None:
    """Only what stands in the folder is different."""
    assert own.text("{{ digest.profile }}: {{ digest.papers|length }}") == "ada: 2"
    assert own.templates.html(VIEW) == BUILT_IN.html(VIEW)
    assert slack_text(own.templates, digest(2)) == slack_text(BUILT_IN, digest(2))
    assert own.templates.unsubscribe(LinkPage.UNKNOWN) == BUILT_IN.unsubscribe(LinkPage.UNKNOWN)
    assert own.told == []


def test_own_html_gets_its_styles_inlined(own: Own) -> None:
    """As the built-in one."""
    assert 'style="color: red' in own.html("<style>p { color: red }</style><p>{{ digest.day }}</p>")


def test_the_unsubscribe_page_is_a_template_too(own: Own) -> None:
    """With the names that the built-in one has."""
    own.write(PAGE, "{{ page }}{% if leaving %} {{ leaving.digest }} {{ leaving.reader }}{% endif %}")
    assert own.templates.unsubscribe(LinkPage.ASKS, UnsubscribeView("a&b", "a…")) == "asks a&amp;b a…"
    assert own.templates.unsubscribe(LinkPage.UNKNOWN) == "unknown"


def test_own_templates_share_parts(own: Own) -> None:
    """They include and import files of the folder, in folders of it too, with the built-in filters."""
    own.write("_paper.txt.j2", "{{ paper.title|wrapped(2) }}\n\n")
    own.write("_parts/macros.txt.j2", "{% macro line(n) %}{{ '-' * n }}{% endmacro %}")
    text = own.text(
        '{% from "_parts/macros.txt.j2" import line %}{{ line(3) }}\n'
        '{% for paper in digest.papers %}{% include "_paper.txt.j2" %}{% endfor %}'
    )
    assert text.splitlines() == ["---", *(f"  {paper.title}" for paper in VIEW.papers)]
    assert own.told == []


@pytest.mark.parametrize("name", ["builtin/digest.html.j2", "builtin/digest.slack.j2", "digest.html.j2"])
def test_the_built_in_ones_can_be_built_on(own: Own, name: str) -> None:
    """Under the same name with `builtin/` before it, and under another name as they are."""
    own.write("digest.txt.j2", f'before {{% include "{name}" %}}')
    names = {"digest": VIEW, "papers": VIEW.papers, "part": 1, "parts": 1, "shown": escape, "cut": truncate}
    found = CustomTemplates(own.folder, environment(), own.told.append).render(TEXT, str, names)
    assert own.told == []
    assert found is not None
    assert found.startswith("before ")
    assert VIEW.papers[0].title in found


@pytest.mark.parametrize("name", [HTML, TEXT, SLACK])
def test_built_in_templates_are_the_same_in_the_sandbox(own: Own, name: str) -> None:
    """What extends or includes one gets what it is outside."""
    own.write(name, f'{{% extends "builtin/{name}" %}}')
    for shown in template_check.digests():
        view = digest_view(shown)
        if name == SLACK:
            assert slack_text(own.templates, shown) == slack_text(BUILT_IN, shown)
        elif name == HTML:
            assert own.templates.html(view) == BUILT_IN.html(view)
        else:
            assert own.templates.text(view) == BUILT_IN.text(view)
    assert own.told == []


GROUPED = [shown for shown in template_check.digests() if len({one.interest for one in shown.papers}) > 1]


def test_the_documented_template_works(own: Own) -> None:
    """The two in docs/templates.md, on every digest that `check` tries; and its table names every template."""
    document = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    [example, page] = re.findall(r"```jinja\n(.*?)```", document, re.DOTALL)
    own.write(HTML, page)
    pages = [own.templates.html(digest_view(shown)) for shown in GROUPED]
    assert pages
    assert all(re.search(r"<h2 [^>]*color: ?#1b4b82", page) for page in pages)
    texts = [own.text(example, shown) for shown in template_check.digests()]
    assert own.told == []
    assert all(text.startswith("Good morning, ada! ") for text in texts)
    assert "Nothing today." in texts[3]
    assert re.findall(r"^\| `(\S+\.j2)`", document, re.MULTILINE) == [HTML, TEXT, SLACK, PAGE]


def test_an_edit_counts_at_once(own: Own) -> None:
    """Also where the file is included, and when it is taken away."""
    part = own.write("_part.txt.j2", "one")
    assert own.text('{% include "_part.txt.j2" %}') == "one"
    part.write_text("three")
    assert own.templates.text(VIEW) == "three"
    (own.folder / TEXT).unlink()
    assert own.templates.text(VIEW) == BUILT_IN.text(VIEW)


# --- Mistakes -------------------------------------------------------------------------------------------------

MISTAKES = [
    # a template, the line of the mistake, what is said of it
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
    (
        "\n{% for a in range(1000) %}\n{% for b in range(1000) %}\nx{{ b }}{% endfor %}{% endfor %}",
        3,
        "writes more than 1,000,000",
    ),
    ('\n{{ "x" * 10000000000 }}', 2, "more than 1,000,000 of it"),
    ("\n{{ 10 ** 10 ** 10 }}", 2, "not for templates"),
    ("\n{{ '\\ud800' }}", 1, "half a character"),
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
def test_a_mistake_is_told_with_its_line(own: Own, template: str, line: int, message: str) -> None:
    """By file and line; what is rendered is the built-in template, to the byte."""
    assert own.text(template) == BUILT_IN.text(VIEW)
    [(file, told_line, said)] = own.lines
    assert (file, told_line) == (TEXT, line)
    assert message in said
    assert len(said) <= 300


@pytest.mark.parametrize("template", ESCAPES)
@pytest.mark.parametrize("name", [HTML, TEXT])
def test_nothing_leaves_the_sandbox(own: Own, template: str, name: str) -> None:
    """Neither Python's insides nor anything that a template could change are within reach."""
    own.write(name, f"\n{template}")
    render: Callable[..., str] = own.templates.html if name == HTML else own.templates.text
    assert render(VIEW) == (BUILT_IN.html(VIEW) if name == HTML else BUILT_IN.text(VIEW))
    [(file, line, _)] = own.lines
    assert (file, line) == (name, 2)


def test_the_innermost_of_ones_own_lines_is_told(own: Own) -> None:
    """The file that is included, and the one that a built-in template calls back into."""
    own.write("_part.html.j2", "<p>\n{{ digset }}</p>")
    own.html('\n\n{% include "_part.html.j2" %}')
    own.write("_part.html.j2", "<p>\n\n{% endfor %}</p>")
    own.templates.html(VIEW)
    own.write("_part.html.j2", b"<p>\n\n\n\xff</p>")
    own.templates.html(VIEW)
    assert [(file, line) for file, line, _ in own.lines] == [("_part.html.j2", n) for n in (2, 3, 4)]


def test_what_comes_of_the_page_counts_too(own: Own) -> None:
    """An error in what is done to the page afterwards, and a page that grows beyond all bounds by it."""
    own.write(HTML, "<p>x</p>")
    opened = CustomTemplates(own.folder, environment(), own.told.append)

    def fails(page: str) -> str:
        raise ValueError(f"bad style in {page}")

    assert opened.render(HTML, fails, {}) is None
    own.write(HTML, "<p>y</p>\n")
    assert opened.render(HTML, lambda page: page * LONGEST, {}) is None
    assert [(line, said.split(" <")[0]) for _, line, said in own.lines] == [
        (1, "ValueError: bad style in"),
        (1, "this is more than 1,000,000 characters with its styles in place"),
    ]


@pytest.mark.parametrize(
    ("page", "sound"),
    [
        ("<div>" * DEEPEST + "x", True),
        ("<div>" * (DEEPEST + 1) + "x", False),
        ("<p>x<br><img>" * 1000, True),
        ("<div><p>x</div>" * 1000, True),
        ("<table><tr><td>" * 1000, False),
        ("<!-- <div> -->" * 1000 + "x", True),
        ("<DIV></x>" * 100_000, False),
        ("<!--" * 200_000 + "x", True),
        ("<svg>" + "<path d='M0'/>" * 1000 + "</svg>x", True),
        ("<div/>" * 1000 + "x", False),
    ],
    ids=[
        "deep",
        "too deep",
        "unnested",
        "closed",
        "tables",
        "comments",
        "wild ends",
        "open comments",
        "svg",
        "slashes",
    ],
)
def test_elements_are_nested_within_bounds(own: Own, page: str, sound: bool) -> None:
    """Thousands of open elements would end the process within the inliner, with no error to catch."""
    found = own.html(page)
    assert (found != BUILT_IN.html(VIEW)) == sound == (own.told == [])


def test_a_file_that_cannot_be_read_is_told(own: Own) -> None:
    """No text, no file, no link to one, and in the end no folder: all as mistakes."""
    elsewhere = own.folder / "elsewhere"
    elsewhere.mkdir()
    (own.folder / PAGE).mkdir()
    (own.folder / SLACK).symlink_to("nowhere")
    os.mkfifo(own.folder / HTML)
    own.text(" " * 5 + "\n" + "é" * 3)
    own.write(TEXT, b"one\ntwo \xe9")
    found = own.templates.html(VIEW), own.templates.text(VIEW), slack_text(own.templates, digest(2))
    assert found == (BUILT_IN.html(VIEW), BUILT_IN.text(VIEW), slack_text(BUILT_IN, digest(2)))
    assert own.templates.unsubscribe(LinkPage.FAILED) == BUILT_IN.unsubscribe(LinkPage.FAILED)
    assert own.lines == [
        (HTML, 1, "this file cannot be read: it is no file"),
        (TEXT, 2, "this is not UTF-8 text: save the file as UTF-8"),
        (SLACK, 1, "this file cannot be read: it is no file"),
        (PAGE, 1, "this file cannot be read: it is no file"),
    ]
    gone = Own(own.folder / "gone")
    assert gone.templates.text(VIEW) == BUILT_IN.text(VIEW)
    gone.templates.check_files()
    assert [said for _, _, said in gone.lines] == ["this cannot be read: No such file or directory"] * 2


def test_a_mistake_is_told_once(own: Own) -> None:
    """However often it is made, and whatever it says; anew when the file has changed."""
    own.text("{{ {'ada': 1}[digest.profile].x }}")
    own.templates.text(digest_view(digest(1, profile="bo")))
    assert len(own.told) == 1
    own.text("{{ digest.profile.x }}\n")
    assert len(own.told) == 2


TOKENS = """{{ }} {% %} {# #} digest .papers for p in endfor if endif else | set = ( ) [ ] ' 1 include block b - é"""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([*TOKENS.split(), "\n", " "]), max_size=25))
def test_no_template_raises(tmp_path: Path, pieces: list[str]) -> None:
    """Whatever is written, there is a page; and where it is the built-in one for that, something is told."""
    own = Own(tmp_path)
    found = own.text(" ".join(pieces))
    assert (found == BUILT_IN.text(VIEW)) == bool(own.told)


# --- What stands in a title ---------------------------------------------------------------------------------


@pytest.mark.parametrize("title", [*INJECTIONS, *HOSTILE])
def test_a_title_is_no_template_and_no_markup(own: Own, title: str) -> None:
    """It shows as written in one's own templates as in the built-in ones; in HTML, as text and in Slack."""
    own.write("_paper.j2", "{{ paper.title }}")  # its name does not say that it is HTML
    loop = '{% for paper in digest.papers %}<p>{% include "_paper.j2" %}</p>{% endfor %}'
    shown = digest((scored(1, title=title),))
    meant = digest_view(shown).papers[0].title
    page = html.fromstring(own.html(f"<div>{loop}</div>", shown))
    assert page.xpath("string(//p)") == meant
    assert not page.xpath("//p/*")
    assert own.text("{{ digest.papers[0].title }}", shown) == meant.strip()
    first = own.slack("{{ papers[0].title }}\n", shown).splitlines()[0]
    assert first == (escape(meant) if size(escape(meant)) < 3000 else first)
    assert "<!" not in first
    assert "<@" not in first
    assert own.told == []


@pytest.mark.parametrize("words", INJECTIONS)
def test_no_name_is_a_template(own: Own, words: str) -> None:
    """Profiles, authors, abstracts and reasons neither, in any of the built-in templates."""
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
def test_slack_text_is_escaped_once(own: Own, template: str) -> None:
    """Whatever way a value takes into it; what the template itself writes is markup."""
    own.write("_m.j2", "{% macro line(p) %}{{ p.title }}{% endmacro %}")
    own.write("_p.j2", "{{ papers[0].title }}")
    title = "A & B <!channel> *x*"
    text = own.slack(f"*New* {template}", digest((scored(1, title=title),)))
    assert text.splitlines()[0] == f"*New* {escape(title)}"
    assert own.told == []


def test_a_slack_text_always_says_whose_it_is(own: Own) -> None:
    """A message without metadata is found by its text alone: two digests must never have the same."""
    parts = []
    for shown in (digest(2), digest(2, profile="bo"), digest(60)):
        own.write(SLACK, "News!")
        for part in SlackChannel(None, templates=own.templates).render(shown, TOKEN, "C0PAPERS"):
            parts.append(json.loads(part.payload)["text"])
    assert len(set(parts)) == len(parts) > 3
    assert parts[0] == "News!\nPaperboy for ada, Tuesday 5 May 2026: 2 papers"


# --- `check` ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (HTML, ""),
        ("digest.htm.j2", "did you mean digest.html.j2?"),
        ("digest.html", "did you mean digest.html.j2?"),
        ("unsubscribe.j2", "did you mean unsubscribe.html.j2?"),
        (
            "paper.j2",
            "there are digest.html.j2, digest.slack.j2, digest.txt.j2, unsubscribe.html.j2; what these",
        ),
        ("_paper.html.j2", ""),
        (".digest.html.j2.swp", ""),
        ("digest.html.j2~", ""),
        ("README.md", ""),
        ("logo.png", ""),
    ],
)
def test_names_that_no_template_has(name: str, says: str) -> None:
    """A file that is meant for a template, and would never be used, is told."""
    found = misnamed(name, [HTML, SLACK, TEXT, PAGE])
    assert says in found
    assert bool(says) == bool(found)


def test_everything_is_tried_out(own: Own, tmp_path: Path) -> None:
    """Each template, each way that there is to it, and files that nothing includes."""
    own.write(
        HTML,
        "{% for p in digest.papers %}\n{% if not p.excerpt %}\n{{ p.a }}{% endif %}{{ p.b if p.also }}{% endfor %}x",
    )
    own.write(TEXT, "{% if not digest.papers %}{{ none.x }}{% endif %}x")
    own.write(SLACK, "{% if part == 2 %}{{ oops }}{% endif %}x")
    own.write(
        PAGE, "{% if page == 'done' %}\n{{ leaving.x }}{% elif page == 'failed' %}\n{{ y }}{% endif %}x"
    )
    own.write("_unused.html.j2", "\n{% if %}")
    own.write("digest.htm.j2", "x")
    channels = (
        MaildirChannel(tmp_path, templates=own.templates),
        SlackChannel(None, templates=own.templates),
    )
    template_check.check_templates(own.templates, channels)
    assert sorted((file, line) for file, line, _ in own.lines) == [
        ("_unused.html.j2", 2),
        ("digest.htm.j2", 1),
        (HTML, 3),
        (SLACK, 1),
        (TEXT, 1),
        (PAGE, 2),
        (PAGE, 3),
    ]


def test_the_made_digests_have_and_lack_everything() -> None:
    """Every optional field of a paper, and of its place in a digest, is there once, and missing once."""
    places = [one for made in template_check.digests() for one in made.papers]
    for kind, values in ((Paper, [one.paper for one in places]), (ScoredPaper, places)):
        for each in fields(kind):
            if each.default is MISSING or each.name in ("withdrawn", "cut", "text_source"):  # never shown
                continue
            found = [getattr(value, each.name) for value in values]
            assert each.default in found, each.name
            assert any(value != each.default for value in found), each.name
    assert any(not made.papers for made in template_check.digests())

"""The pages of archives, digests and papers, and the answers given on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from lxml import html

from bot.delivery.archive import Archive, ArchivedDigest, ArchivedEdition
from bot.delivery.editions import from_json
from bot.digests.model import Digest
from bot.presentation.digest_view import digest_view
from bot.profiles.model import ChannelName
from bot.ranking.model import Reason
from bot.store.tables import EditionRow
from bot.web import digest_pages, paper_pages
from bot.web.services import connect
from tests.e2e.listings import NEXT, WORLD
from tests.support.builders import entry
from tests.support.samples import HOSTILE, digest, paper, scored
from tests.support.web_site import ADA, BOB, NOW, OPERATOR, WebSite, csrf_token, web_site
from tests.test_injection import ATTACKS

PAPER = f"arxiv:{WORLD.number}"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with web_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def ada(site: WebSite) -> FlaskClient:
    return site.reader(ADA)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    """For tests that change nothing."""
    with web_site(tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture(scope="module")
def reader(shared: WebSite) -> FlaskClient:
    """Ada, who only reads."""
    return shared.reader(ADA)


def texts(page: str, path: str) -> list[str]:
    """The texts of the elements with an XPath, white space collapsed."""
    return [" ".join(one.text_content().split()) for one in html.fromstring(page).xpath(path)]


def digest_path(site: WebSite, day: int = 4) -> str:
    return f"/p/ada/d/{site.edition(day=day)}"


# --- Reading ------------------------------------------------------------------------------------------------


def test_archive_shows_the_newest_digest_first(shared: WebSite, reader: FlaskClient) -> None:
    """Each day with its number of papers and its best paper; days without papers are marked."""
    page = reader.get("/p/ada/").text
    assert texts(page, "//ol/li") == [
        "Wednesday 6 May 2026 no papers",
        f"Tuesday 5 May 2026 1 paper {NEXT.title}",
        f"Monday 4 May 2026 3 papers {WORLD.title}",
    ]
    assert len(html.fromstring(page).xpath("//li[@class='quiet']")) == 1


def test_archive_has_pages(shared: WebSite, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every edition is on exactly one page."""
    monkeypatch.setattr(digest_pages, "ROWS", 2)
    first = reader.get("/p/ada/").text
    (older,) = html.fromstring(first).xpath("//a[@rel='next']/@href")
    second = reader.get(older).text
    days = [*texts(first, "//ol/li/a"), *texts(second, "//ol/li/a")]
    assert [day.split()[1] for day in days] == ["6", "5", "4"]
    assert texts(second, "//nav[@class='pages']/a") == ["Newest digests"]


def test_two_deliveries_are_one_row(site: WebSite, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of a day that look the same are together, also at the end of a page; others are apart."""
    with site.app.database.session() as session:
        for day, papers in ((4, 3), (5, 2)):
            row = session.get(EditionRow, site.edition(day=day))
            assert row
            mailed = {"id": f"mail{day}", "channel": "email", "target": ADA, "papers": papers}
            session.add(EditionRow(**row.model_dump() | mailed | {"subscription": f"ada:email:{ADA}"}))
    rows = ["Wednesday 6 May 2026 no papers · Maildir"]
    rows += [f"Tuesday 5 May 2026 {n} {NEXT.title}" for n in ("2 papers · mail", "1 paper · Maildir")]
    last = f"Monday 4 May 2026 3 papers · mail, Maildir {WORLD.title}"
    assert texts(ada.get("/p/ada/").text, "//ol/li") == [*rows, last]
    monkeypatch.setattr(digest_pages, "ROWS", 4)
    page = ada.get("/p/ada/").text
    (older,) = html.fromstring(page).xpath("//a[@rel='next']/@href")
    assert texts(page, "//ol/li") == rows
    assert texts(ada.get(older).text, "//ol/li") == [last]


@pytest.mark.parametrize("place", ["x", "2026-05-06", "2026-13-01_ab", "2026-05-06_'", "9999-99-99_a"])
def test_archive_has_no_other_pages(reader: FlaskClient, place: str) -> None:
    """A place that no page leads to is a page that does not exist."""
    assert reader.get(f"/p/ada/?{urlencode({'before': place})}").status_code == 404


def test_digest_is_that_of_the_mail(shared: WebSite, reader: FlaskClient) -> None:
    """The texts, the order, the groups and the links of the stored digest."""
    edition = shared.edition()
    page = reader.get(f"/p/ada/d/{edition}").text
    with shared.app.database.reading() as session:
        row = session.get(EditionRow, edition)
        assert row
        stored = from_json(row.digest)
    view = digest_view(stored)
    assert texts(page, "//h1") == [view.day]
    assert texts(page, "//h2[@class='group']") == [group.heading for group in view.groups]
    assert texts(page, "//article/h3") == [f"{one.number}. {one.title}" for one in view.papers]
    assert texts(page, "//article/p[@class='abstract']") == [one.excerpt for one in view.papers]
    links = html.fromstring(page).xpath("//article//a/@href")
    assert {one.url for paper in view.papers for one in paper.links} | {one.url for one in view.papers} <= {
        *links
    }


def test_digest_has_the_whole_score_of_each_paper(shared: WebSite, reader: FlaskClient) -> None:
    """Its terms add up to the score, which is shown with relevance and fit."""
    tree = html.fromstring(reader.get(digest_path(shared)).text)
    assert len(tree.xpath("//table")) == 3
    for table in tree.xpath("//table"):
        terms, (total,) = (
            [float(cell.text) for cell in table.xpath(f"{part}//td")] for part in ("tbody", "tfoot")
        )
        assert sum(terms) == pytest.approx(total, abs=1e-3)
    assert "Relevance 97.1: 97.1 % of the papers" in tree.text_content()


def test_quiet_day_says_why(shared: WebSite, reader: FlaskClient) -> None:
    """The digest of a day without papers exists, and has the reason once, and no citations."""
    page = reader.get(digest_path(shared, day=6)).text
    assert texts(page, "//main/p") == [
        "No papers for ada · no new papers since yesterday",
        "No new papers since the digest of Tuesday 5 May.",
        "Times are in UTC.",
    ]


def test_paper_page_has_everything_that_is_known(site: WebSite, ada: FlaskClient) -> None:
    """All authors, the whole abstract, versions with links, sources, the digests that had it, and the score then."""
    site.app.papers.add(
        [
            entry(
                101,
                WORLD.title,
                abstract=WORLD.abstract,
                authors=WORLD.authors,
                version=3,
                updated="2026-05-06",
            )
        ],
        NOW,
    )
    page = ada.get(f"/paper/{PAPER}").text
    assert texts(page, "//p[@class='by']") == ["Ada Example, Bo Sample"]
    assert texts(page, "//p[@class='abstract']") == [WORLD.abstract]
    facts = dict(zip(texts(page, "//dt"), texts(page, "//dd"), strict=True))
    assert facts["Revised"] == "6 May 2026 (v3)"
    assert facts["Versions"] == "v1, v2, v3"
    assert facts["Sources"] == "arXiv"
    assert texts(page, "//section//li") == ["Sent in the digest of Monday 4 May 2026 (Maildir)"]
    assert len(texts(page, "//table")) == 1
    assert f"/paper/{PAPER}/why/ada" in html.fromstring(page).xpath("//a/@href")


@pytest.mark.parametrize(
    ("id_", "status", "to"),
    [
        (WORLD.number, 302, f"/paper/{PAPER}"),
        (f"arxiv:{WORLD.number}v2", 302, f"/paper/{PAPER}"),
        (f"https://arxiv.org/abs/{WORLD.number}", 302, f"/paper/{PAPER}"),
        ("title:worldmodelsthatknowwhattheymiss", 302, f"/paper/{PAPER}"),
        ("arxiv:2605.99999", 404, None),
        ("//evil.example.org/", 308, "http://localhost/paper/evil.example.org/"),
        ("..%2f..%2fetc/passwd", 404, None),
        ("a%00b", 400, None),
        ("%ff%fe", 404, None),
    ],
)
def test_paper_addresses(reader: FlaskClient, id_: str, status: int, to: str | None) -> None:
    """Former ids, links and titles lead to the paper; other texts lead nowhere."""
    response = reader.get(f"/paper/{id_}")
    assert (response.status_code, response.headers.get("Location")) == (status, to)


def test_why_ranks_now(site: WebSite, ada: FlaskClient) -> None:
    """The explanation is computed with what was learned from answers."""
    number = NEXT.number
    before = ada.get(f"/paper/arxiv:{number}/why/ada").text
    assert texts(before, "//main/p/strong")[1] == "Sent:"
    answer(ada, f"/paper/{PAPER}", "follow", author="Ada Example")
    site.app.papers.add([entry(301, "Cups", abstract="On cups.", authors=("Ada Example",))], NOW)
    after = ada.get("/paper/arxiv:2605.00301/why/ada").text
    assert texts(after, "//main/p/strong")[1] == "Would be sent:"
    assert "author: Ada Example from an answer" in texts(after, "//tbody//th")


def test_operator_sees_all_profiles(shared: WebSite) -> None:
    """A paper's page has a section for each profile, first those that had it."""
    page = shared.reader(OPERATOR).get(f"/paper/{PAPER}").text
    assert texts(page, "//section/h2") == ["For ada", "For bob"]


# --- Searching ----------------------------------------------------------------------------------------------


def test_search_says_when_a_paper_was_sent(shared: WebSite, reader: FlaskClient) -> None:
    """Results have the digests of the reader's own profiles, and lead to the papers."""
    page = reader.get("/search?q=world+models").text
    assert texts(page, "//h2") == ["2 papers"]
    assert sorted(texts(page, "//ol/li/a")) == sorted([WORLD.title, NEXT.title])
    assert sorted(texts(page, "//ol//span[@class='why']")) == [
        "sent to ada on 4 May 2026 (Maildir)",
        "sent to ada on 5 May 2026 (Maildir)",
    ]
    assert f"/paper/{PAPER}" in html.fromstring(page).xpath("//ol/li/a/@href")
    assert "sent to" not in shared.reader(BOB).get("/search?q=world+models").text


def test_search_has_pages(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each result is on one page; pages that do not exist are the nearest ones."""
    monkeypatch.setattr(paper_pages, "_RESULTS", 3)
    page, found, headings = reader.get("/search?q=region&order=newest").text, [], []
    while True:
        headings += texts(page, "//h2")
        found += html.fromstring(page).xpath("//ol/li/a/@href")
        if not (after := html.fromstring(page).xpath("//a[@rel='next']/@href")):
            break
        page = reader.get(after[0]).text
    assert (len(found), len(set(found)), headings[0], headings[-1]) == (
        32,
        32,
        "Papers 1 to 3",
        "Papers 31 to 32",
    )
    assert texts(reader.get("/search?q=region&page=-7").text, "//h2") == ["Papers 1 to 3"]


@pytest.mark.parametrize(
    ("query", "heading", "hint"),
    [
        ("q=region&page=9", "No more papers", "than this page begins with"),
        ("q=2601.99999", "No stored paper has this id", "words of its title"),
        ("q=-survey", "There are no words to search for", "Add a word that the papers have"),
        ("q=unobtainium", "Nothing found", "Use fewer or other words"),
    ],
)
def test_why_nothing_is_shown(reader: FlaskClient, query: str, heading: str, hint: str) -> None:
    """The page says what to do in each case."""
    page = reader.get(f"/search?{query}").text
    assert texts(page, "//h2") == [heading]
    assert hint in texts(page, "//main/p")[0]
    back = html.fromstring(page).xpath("//a[@rel='prev']/@href")
    assert back == (["/search?q=region&order=relevance&page=1"] if "page=9" in query else [])


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        *((query, "Nothing found") for query in ("unobtainium", "<script>alert(1)</script>", "' OR 1=1")),
        *((query, "There are no words to search for") for query in ("-survey", '"', "☃" * 600)),
    ],
)
def test_nothing_found(reader: FlaskClient, query: str, heading: str) -> None:
    """Every text is a search; it stays in its field."""
    page = reader.get(f"/search?{urlencode({'q': query})}").text
    assert texts(page, "//h2") == [heading]
    assert html.fromstring(page).xpath("//input[@name='q']/@value") == [query]
    assert not html.fromstring(page).xpath("//script")


# --- Texts of others ----------------------------------------------------------------------------------------


class OneDigest:
    """An archive of one digest."""

    def __init__(self, held: Digest) -> None:
        self.held = held

    def digest(self, edition: str) -> ArchivedDigest:
        row = ArchivedEdition(
            edition, "ada", "ada:maildir:ada", ChannelName.MAILDIR, "ada", date(2026, 5, 5), 1
        )
        return ArchivedDigest(row, self.held)


def test_texts_of_sources_stay_texts(site: WebSite, ada: FlaskClient) -> None:
    """No text of a paper or a profile becomes an element or an attribute of a page."""
    harmless = kinds_of_elements(site, ada, hostile("robots"))
    for text in (*ATTACKS.values(), *HOSTILE):
        assert kinds_of_elements(site, ada, hostile(text)) <= harmless, text


def hostile(text: str) -> Digest:
    """A digest with a text in every field."""
    other: dict[str, Any] = {
        "authors": (text, "Ada Example"),
        "categories": (text,),
        "organization": text,
        "url": text,
    }
    id_ = f"ns:{text.encode(errors='ignore').decode()}"  # no database stores a lone surrogate
    one = scored(id=id_, title=text, abstract=text, interest=text, also=(paper(2, title=text),), **other)
    reasons = (Reason(text, 0.3), Reason(f"author: {text}", 0.2, is_term=False), Reason("goats", 0.1))
    return digest((replace(one, reasons=reasons),), why=text)


def kinds_of_elements(site: WebSite, ada: FlaskClient, held: Digest) -> set[tuple[str, ...]]:
    """The elements of the digest's page, with the names of their attributes."""
    archive = cast(Archive, OneDigest(held))
    connect(site.pages.extensions, replace(site.services, archive=archive))
    response = ada.get("/p/ada/d/1")
    assert response.status_code == 200
    tree = html.fromstring(response.text)
    assert not tree.xpath("//*[starts-with(@href, 'javascript:')]")
    return {(one.tag, *sorted(one.attrib)) for one in tree.iter("*")}


# --- Answering ----------------------------------------------------------------------------------------------


def fields(page: str, number: int = 0, **changes: str) -> dict[str, str]:
    """What a browser sends of a page's form for answers, without its button."""
    form = html.fromstring(page).xpath("//form[@class='answers']")[number]
    return {name: value for name, value in form.form_values() if value is not None} | changes


def answer(client: FlaskClient, path: str, kind: str, number: int = 0, **changes: str) -> str:
    """Press a button of the page's form. Returns the page that comes back."""
    page = client.get(path).text
    form = fields(
        page, number, **({"undo": kind} if kind.startswith("web:") else {"answer": kind}), **changes
    )
    url = html.fromstring(page).xpath("//form[@class='answers']/@action")[number]
    return client.post(url, data=form, follow_redirects=True).text


def given(page: str) -> list[str]:
    return texts(page, "//form[@class='answers']//li")


def current(site: WebSite, profile: str = "ada") -> list[tuple[str, str, str]]:
    return [(one.who, one.what, one.interest) for one in site.services.feedback.current(profile)]


@pytest.mark.parametrize(
    ("kind", "changes", "what", "interest"),
    [
        ("more", {}, "more", ""),
        ("less", {}, "less", ""),
        ("follow", {"author": "Ada Example"}, "follow Ada Example", ""),
        ("mute", {"author": "Bo Sample"}, "mute Bo Sample", ""),
        ("not because of", {"term": "reward"}, "not because of reward", "reward modelling"),
    ],
)
def test_answers_are_recorded_shown_and_undone(
    site: WebSite, ada: FlaskClient, kind: str, changes: dict[str, str], what: str, interest: str
) -> None:
    """Each button records one answer, the page shows it with Undo, and undoing takes it back."""
    with_terms(site)
    path = digest_path(site)
    page = answer(ada, path, kind, **changes)
    assert current(site) == [(f"web:{ADA}", what, interest)]
    shown = f"{what} like this" if what in ("more", "less") else what
    assert given(page)[0].startswith(f"✓ {shown} Undo")
    pressed = texts(page, "//button[@aria-pressed='true']")
    assert pressed == ([shown.capitalize()] if what in ("more", "less") else [])
    (undo, *_) = html.fromstring(page).xpath("//button[@name='undo']/@value")
    page = answer(ada, path, undo)
    assert (current(site), given(page)) == ([], [])


def test_an_answer_that_the_file_overrules(site: WebSite, ada: FlaskClient) -> None:
    """The digest and the page of what was learned say that it has no effect."""
    answer(ada, digest_path(site), "mute", author="Bo Sample")
    said = "But the profile’s file follows them: this has no effect until the file is changed."
    for path in (digest_path(site), "/p/ada/learned"):
        assert said in ada.get(path).text


def with_terms(site: WebSite) -> None:
    """Give the first paper of the digest a term of another interest, and one of none."""
    edition = site.edition()
    with site.app.database.session() as session:
        row = session.get(EditionRow, edition)
        assert row
        held = {**row.digest}
        first, *others = held["papers"]
        reasons = [{"term": term, "weight": 0.3} for term in ("reward", "robots")]
        held["papers"] = [{**first, "reasons": [*first["reasons"], *reasons]}, *others]
        row.digest = held
        session.add(row)


def test_a_form_that_is_sent_twice_counts_once(site: WebSite, ada: FlaskClient) -> None:
    """Of a double click on a button the second changes nothing, also after another click on Undo in between."""
    page = ada.get(digest_path(site)).text
    form = fields(page, answer="more")
    for _ in range(2):
        assert ada.post("/p/ada/answer", data=form).status_code == 303
    (first,) = site.services.feedback.current("ada")
    undo = fields(page, undo=first.action)
    for body in (undo, undo, form):
        ada.post("/p/ada/answer", data=body)
    assert current(site) == []
    assert len(site.app.answers.of(["ada"])["ada"]) == 2


def test_answers_lead_back_to_their_paper(site: WebSite, ada: FlaskClient) -> None:
    """To the paper in the digest, or to the page of the paper."""
    path = digest_path(site)
    response = ada.post("/p/ada/answer", data=fields(ada.get(path).text, number=1, answer="more"))
    assert response.headers["Location"] == f"{path}#paper-2"
    response = ada.post("/p/ada/answer", data=fields(ada.get(f"/paper/{PAPER}").text, answer="more"))
    assert response.headers["Location"] == f"/paper/{PAPER}#for-ada"


def test_answers_of_others_are_shown_with_their_names(site: WebSite, ada: FlaskClient) -> None:
    """An operator's answer is in the reader's digest, and the reader can take it back; it is not the reader's."""
    answer(site.reader(OPERATOR), digest_path(site), "less")
    page = ada.get(digest_path(site)).text
    assert given(page) == [f"✓ less like this by {OPERATOR} Undo"]
    assert not texts(page, "//button[@aria-pressed='true']")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"answer": "open"}, 400),
        ({"answer": "sell"}, 400),
        ({"answer": "follow", "author": "Nobody At All"}, 400),
        ({"answer": "not because of", "term": "the"}, 400),
        ({"answer": "follow", "author": ""}, 400),
        ({"answer": "more", "paper": "arxiv:2604.10009"}, 404),
        ({"answer": "more", "paper": "arxiv:2605.99999", "edition": ""}, 404),
        ({"answer": "more", "edition": "OF BOB"}, 404),
        ({"answer": "more", "edition": "0000000000000000"}, 404),
        ({"answer": "more", "csrf_token": "forged"}, 400),
        ({}, 400),
    ],
)
def test_answers_that_no_page_offers_are_refused(
    shared: WebSite, reader: FlaskClient, changes: dict[str, str], status: int
) -> None:
    """Papers and terms come from the stored digest, authors from the paper, and nothing else is recorded."""
    changes = {name: shared.edition("bob") if value == "OF BOB" else value for name, value in changes.items()}
    form = fields(reader.get(digest_path(shared)).text, **changes)
    assert reader.post("/p/ada/answer", data=form).status_code == status
    assert shared.app.answers.of(["ada", "bob"]) == {}


def test_strangers_see_and_change_nothing(shared: WebSite, reader: FlaskClient) -> None:
    """To another reader the pages of a profile do not exist; whoever is not logged in is sent to the log-in page."""
    path, bob = digest_path(shared), shared.reader(BOB)
    form = fields(reader.get(path).text, answer="more")
    form["csrf_token"] = csrf_token(bob.get("/").text)
    for response in (bob.get("/p/ada/"), bob.get(path), bob.get(f"/paper/{PAPER}/why/ada")):
        assert response.status_code == 404
    assert bob.get(f"/p/bob/d/{shared.edition()}").status_code == 404
    assert bob.post("/p/ada/answer", data=form).status_code == 404
    assert "ada" not in bob.get(f"/paper/{PAPER}").text.casefold().replace("ada example", "")
    nobody = shared.pages.test_client()
    for page in ("/p/ada/", path, f"/paper/{PAPER}", f"/paper/{PAPER}/why/ada", "/search?q=x"):
        assert nobody.get(page).headers["Location"].startswith("/login?next=")
    assert shared.app.answers.of(["ada", "bob"]) == {}


def test_pages_work_below_a_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Links and forms keep the path of PUBLIC_URL."""
    with web_site(tmp_path_factory.mktemp("site"), PUBLIC_URL="http://papers.example.org/paperboy") as site:
        ada, path = site.reader(ADA), digest_path(site)
        page = ada.get(path, environ_overrides={"SCRIPT_NAME": "/paperboy"}).text
        tree = html.fromstring(page)
        addresses = tree.xpath("//@href | //@action | //@src")
        ours = [one for one in addresses if not one.startswith(("#", "https://arxiv.org/"))]
        assert ours
        assert all(one.startswith("/paperboy/") for one in ours)


def test_a_paper_by_thousands_has_a_short_page(site: WebSite, ada: FlaskClient) -> None:
    """All authors are named, and a hundred are offered for answers."""
    site.app.papers.add([entry(302, "Big", authors=tuple(f"Author Number{n}" for n in range(3000)))], NOW)
    page = ada.get("/paper/arxiv:2605.00302").text
    assert "Author Number2999" in page
    assert len(html.fromstring(page).xpath("//option")) == 100

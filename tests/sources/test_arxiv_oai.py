"""arXiv's OAI-PMH: what is read of both formats, which sets are asked, and how tokens are followed."""

from __future__ import annotations

from datetime import date

import pytest

from bot.errors import SourceError
from bot.papers.model import Entry
from bot.sources.arxiv.oai import MAX_PAGES, ArxivOai, parse, recognises
from tests.sources.support import SHARED, Service, fetch, needs_shared

RAW = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">
  <id>2605.{number:05d}</id><submitter>Ada Example</submitter>
  <version version="v1"><date>Wed, 27 May 2026 08:26:30 GMT</date><size>9kb</size></version>
  <version version="v2"><date>Thu, 28 May 2026 05:29:13 GMT</date><source_type>{kind}</source_type></version>
  <title>Cups and
   Saucers</title>
  <authors>Ada Example (Here), Bo Sample and Cem Muster</authors>
  <categories>cs.RO cs.LG</categories>
  <comments>{comments}</comments>
  <doi>10.1234/Cups.7</doi>
  <abstract>We stack cups
and stop.</abstract>
</arXivRaw>"""
ARXIV = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/">
  <id>2605.00002</id><created>2026-05-27</created><updated>2026-05-28</updated>
  <authors>
    <author><keyname>Example</keyname><forenames>Ada</forenames></author>
    <author><keyname>Sample</keyname><forenames>Bo</forenames><suffix>Jr.</suffix><affiliation>X</affiliation></author>
    <author><keyname>CUP Collaboration</keyname></author>
  </authors>
  <title>Saucers</title><categories>hep-th math-ph</categories><abstract>  Saucers are flat.</abstract>
</arXiv>"""


def record(metadata: str = "", header: str = "<header>", number: int = 1) -> str:
    return (
        f"<record>{header}<identifier>oai:arXiv.org:2605.{number:05d}</identifier></header>"
        f"<metadata>{metadata}</metadata></record>"
    )


def raw(number: int = 1, kind: str = "D", comments: str = "9 pages") -> str:
    return record(RAW.format(number=number, kind=kind, comments=comments), number=number)


def answer(*records: str, token: str | None = None, error: str = "") -> bytes:
    resumption = "" if token is None else f"<resumptionToken>{token}</resumptionToken>"
    inner = error or f"<ListRecords>{''.join(records)}{resumption}</ListRecords>"
    return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inner}</OAI-PMH>'.encode()


def error(code: str, text: str = "") -> bytes:
    return answer(error=f'<error code="{code}">{text}</error>')


def fetched(service: Service, *categories: str, since: date | None = date(2026, 5, 20)) -> list[str]:
    listings = fetch(ArxivOai(), service, categories=categories or ("cs.LG",), since=since)
    return [e.ids[0] for listing in listings for e in listing.entries]


def test_reads_a_raw_record() -> None:
    """Both dates and the version come from the list of versions."""
    (found,) = parse(answer(raw())).entries
    assert found == Entry(
        "arxiv",
        title="Cups and Saucers",
        abstract="We stack cups and stop.",
        ids=("arxiv:2605.00001", "doi:10.1234/cups.7"),
        authors=("Ada Example", "Bo Sample", "Cem Muster"),
        categories=("cs.RO", "cs.LG"),
        url="https://arxiv.org/abs/2605.00001",
        version=2,
        published="2026-05-27T08:26:30Z",
        updated="2026-05-28T05:29:13Z",
        reference=True,  # a second version is not news
    )


def test_reads_the_other_format() -> None:
    """Its names are in parts, and it has no version."""
    (found,) = parse(answer(record(ARXIV))).entries
    assert found.authors == ("Ada Example", "Bo Sample Jr.", "CUP Collaboration")
    assert (found.version, found.published, found.updated) == (None, "2026-05-27", "2026-05-28")
    assert (found.abstract, found.categories) == ("Saucers are flat.", ("hep-th", "math-ph"))


def test_a_single_record_is_read() -> None:
    """As in a saved answer to GetRecord; a `record` of something else is not recognised."""
    alone = record(RAW.format(number=1, kind="D", comments="")).replace(
        "<record>", '<record xmlns="http://www.openarchives.org/OAI/2.0/">'
    )
    assert recognises(alone.encode())
    assert len(parse(alone.encode()).entries) == 1
    assert not recognises(b"<record><title>Abbey Road</title></record>")


@pytest.mark.parametrize(
    ("kind", "comments", "withdrawn"),
    [
        ("D", "9 pages", False),
        ("I", "9 pages", True),
        ("D", "This paper has been withdrawn by its authors", True),
    ],
)
def test_a_withdrawn_paper_is_marked(kind: str, comments: str, withdrawn: bool) -> None:
    """By the source type of the last version, or by the author's remark."""
    (found,) = parse(answer(raw(kind=kind, comments=comments))).entries
    assert found.withdrawn is withdrawn


def test_deleted_records_are_skipped() -> None:
    """They have no paper, and are not reported."""
    found = parse(answer(record(header='<header status="deleted">'), raw(2)))
    assert ([e.ids[0] for e in found.entries], found.unreadable) == (["arxiv:2605.00002"], ())


@pytest.mark.parametrize(
    ("old", "new", "whys", "kept"),
    [
        ("<title>Cups and\n   Saucers</title>", "", ["no title: left out"], 0),
        ("abstract>", "other>", ["no abstract"], 1),
        ("Wed, 27 May 2026", "Wed, 32 May 2026", ['v1 "Wed, 32 May 2026 08:26:30 GMT" is not a date'], 1),
        ("arXivRaw", "dc", ["no metadata that Paperboy can read", "no title: left out"], 0),
    ],
)
def test_a_problem_in_a_record_is_reported_with_its_place(
    old: str, new: str, whys: list[str], kept: int
) -> None:
    """The record is kept if it has a title."""
    found = parse(answer(raw().replace(old, new), raw(2)))
    assert [u.why for u in found.unreadable] == whys
    assert {u.where for u in found.unreadable} == {"record 1 (arxiv:2605.00001)"}
    assert len(found.entries) == kept + 1


@pytest.mark.parametrize(
    ("categories", "sets"),
    [
        (("cs.LG",), ["cs:cs:LG"]),
        (("stat.ML", "math.OC"), ["stat:stat:ML", "math:math:OC"]),
        (("astro-ph.GA", "cond-mat.str-el"), ["physics:astro-ph:GA", "physics:cond-mat:str-el"]),
        (("hep-th", "quant-ph"), ["physics:hep-th", "physics:quant-ph"]),
        (("physics.optics", "nlin.CD"), ["physics:physics:optics", "physics:nlin:CD"]),
        (("cs", "astro-ph", "physics"), ["cs", "physics:astro-ph", "physics:physics"]),
    ],
)
def test_each_category_has_a_set(categories: tuple[str, ...], sets: list[str]) -> None:
    """Group, archive, category, as in arXiv's ListSets."""
    service = Service(error("noRecordsMatch"))
    fetched(service, *categories)
    assert [params["set"] for params in service.params] == sets


@pytest.mark.parametrize(
    ("since", "by_name", "first_day"),
    [
        (date(2026, 5, 20), False, "2026-05-20"),
        (None, False, None),
        (date(2026, 5, 29), True, "2026-05-29"),
        (None, True, "2026-05-22"),  # now is May 29
    ],
)
def test_asks_only_for_missed_days(since: date | None, by_name: bool, first_day: str | None) -> None:
    """From `since` on, without `until`; without a `since` only if the user named the source, for a week."""
    service = Service(answer(raw()))
    fetch(ArxivOai(), service, categories=("cs.LG",), since=since, by_name=by_name)
    request = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "cs:cs:LG", "from": first_day}
    assert service.params == ([request] if first_day else [])


def test_follows_tokens_to_the_end() -> None:
    """A request with a token has no other arguments; an empty token ends the list."""
    service = Service(answer(raw(1), token="a"), answer(raw(2), token="b"), answer(raw(3), token=""))
    assert fetched(service) == ["arxiv:2605.00001", "arxiv:2605.00002", "arxiv:2605.00003"]
    assert service.params[1:] == [
        {"verb": "ListRecords", "resumptionToken": "a"},
        {"verb": "ListRecords", "resumptionToken": "b"},
    ]


def test_an_expired_token_starts_the_set_again_once() -> None:
    """The second time it is an error."""
    first, bad = answer(raw(1), token="a"), error("badResumptionToken", "expired")
    assert len(fetched(Service(first, bad, first, answer(raw(2))))) == 3
    with pytest.raises(SourceError, match=r'cs:cs:LG: arXiv answers "badResumptionToken": expired'):
        fetched(Service(first, bad, first, bad))


def test_a_repeated_token_ends_the_set() -> None:
    """It would repeat forever."""
    service = Service(answer(raw(1), token="a"), answer(raw(2), token="a"))
    listings = fetch(ArxivOai(), service, categories=("cs.LG",), since=date(2026, 5, 20))
    assert "same resumption token twice" in listings[-1].unreadable[0].why


def test_the_pages_of_a_set_are_bounded() -> None:
    """What was read by then is kept, and the listing says that the rest is missing."""
    service = Service(*(answer(raw(n), token=f"t{n}") for n in range(1, MAX_PAGES + 2)))
    *read, last = fetch(ArxivOai(), service, categories=("cs.LG",), since=date(2026, 5, 20))
    assert (len(service.params), len(read)) == (MAX_PAGES, MAX_PAGES)
    assert last.unreadable[0].why == f"more than {MAX_PAGES} pages: the rest is missing"


def test_errors_of_the_protocol() -> None:
    """`noRecordsMatch` means that nothing changed; the next set is still requested. Other errors end the fetch."""
    assert fetched(Service(error("noRecordsMatch"), answer(raw())), "cs.AI", "cs.LG") == ["arxiv:2605.00001"]
    with pytest.raises(SourceError, match="badArgument"):
        fetched(Service(error("badArgument", "no such set")))


def test_errors_in_a_saved_answer_are_reported() -> None:
    """Parsing raises nothing."""
    assert parse(error("noRecordsMatch")).unreadable == ()
    (complaint,) = parse(error("badArgument", "no such set")).unreadable
    assert complaint.why == 'arXiv answers "badArgument": no such set'


@needs_shared
@pytest.mark.parametrize(
    ("name", "ids", "unreadable"),
    [
        ("YOU-k_arXivRaw_ListRecords_page1", ["arxiv:2609.27532", "arxiv:2609.28570"], 0),
        ("YOU-k_arXivRaw_ListRecords_page2", ["arxiv:2004.09073", "arxiv:2609.02986"], 0),
        ("arxiv_format_sample", ["arxiv:2301.00001"], 0),
        ("badResumptionToken", [], 1),
        ("noRecordsMatch", [], 0),
    ],
)
def test_recorded_answers(name: str, ids: list[str], unreadable: int) -> None:
    """Every record of the real service's answers is read."""
    found = parse((SHARED / "sources" / "arxiv-oai" / f"{name}.xml").read_bytes())
    assert [e.ids[0] for e in found.entries] == ids
    assert len(found.unreadable) == unreadable
    assert all(e.authors and e.published and e.updated and e.abstract for e in found.entries)

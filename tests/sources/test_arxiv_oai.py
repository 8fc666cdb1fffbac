"""arXiv's OAI-PMH: what is read of both formats, which sets are asked, and how tokens are followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import SourceError
from bot.papers.model import Entry
from bot.sources.arxiv.oai import ArxivOai, parse, recognises
from bot.sources.base import SourceRequest

SHARED = Path(__file__).parents[3] / "shared" / "sources" / "arxiv-oai"
NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)

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


class Service:
    """Answers in turn; remembers what it was asked."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        assert url == "https://oaipmh.arxiv.org/oai"
        self.asked.append(dict(params or {}))
        return self.answers.pop(0)


def nothing_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset()


def fetched(service: Service, *categories: str, since: date | None = date(2026, 5, 20)) -> list[str]:
    wanted = SourceRequest(categories or ("cs.LG",), since=since, now=NOW)
    return [e.ids[0] for listing in ArxivOai().fetch(wanted, service, nothing_known) for e in listing.entries]


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
        reference=True,  # a second version is no news
    )


def test_reads_the_other_format() -> None:
    """Names in parts are put together; no version is told."""
    (found,) = parse(answer(record(ARXIV))).entries
    assert found.authors == ("Ada Example", "Bo Sample Jr.", "CUP Collaboration")
    assert (found.version, found.published, found.updated) == (None, "2026-05-27", "2026-05-28")
    assert (found.abstract, found.categories) == ("Saucers are flat.", ("hep-th", "math-ph"))


def test_a_record_alone_is_recognised_and_read() -> None:
    """As GetRecord's answers are saved; a `record` of anything else is not."""
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
    """By the last version's source type as well as by the author's remark."""
    (found,) = parse(answer(raw(kind=kind, comments=comments))).entries
    assert found.withdrawn is withdrawn


def test_deleted_records_are_passed_over() -> None:
    """They hold no paper, and are no fault."""
    found = parse(answer(record(header='<header status="deleted">'), raw(2)))
    assert ([e.ids[0] for e in found.entries], found.unreadable) == (["arxiv:2605.00002"], ())


@pytest.mark.parametrize(
    ("old", "new", "whys", "kept"),
    [
        ("<title>Cups and\n   Saucers</title>", "", ["no title: left out"], 0),
        ("abstract>", "other>", ["no abstract"], 1),
        ("Wed, 27 May 2026", "Wed, 32 May 2026", ['v1 "Wed, 32 May 2026 08:26:30 GMT" is no date'], 1),
        ("arXivRaw", "dc", ["no metadata that Paperboy knows", "no title: left out"], 0),
    ],
)
def test_a_fault_in_a_record_is_told_with_its_place(old: str, new: str, whys: list[str], kept: int) -> None:
    """The record is kept where something of it can be."""
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
def test_each_category_is_its_set(categories: tuple[str, ...], sets: list[str]) -> None:
    """Group, archive, category: as arXiv's own ListSets has them."""
    service = Service(*[error("noRecordsMatch")] * len(categories))
    fetched(service, *categories)
    assert [asked["set"] for asked in service.asked] == sets


def test_asks_from_the_day_before_the_last_answer() -> None:
    """Without `until`, in the raw format."""
    service = Service(answer(raw()))
    assert fetched(service) == ["arxiv:2605.00001"]
    assert service.asked == [
        {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "cs:cs:LG", "from": "2026-05-19"}
    ]


@pytest.mark.parametrize(
    ("since", "asks"),
    [
        (None, 0),
        (date(2026, 5, 29), 0),
        (date(2026, 5, 28), 0),
        (date(2026, 5, 27), 1),
        (date(2026, 6, 9), 0),
    ],
)
def test_catches_up_only_after_days(since: date | None, asks: int) -> None:
    """Now is May 29: what is less than two days old is in the daily feed."""
    service = Service(*[answer(raw())] * asks)
    fetched(service, since=since)
    assert len(service.asked) == asks


def test_follows_tokens_to_the_end() -> None:
    """A token is asked for alone; an empty one ends the list."""
    service = Service(answer(raw(1), token="a"), answer(raw(2), token="b"), answer(raw(3), token=""))
    assert fetched(service) == ["arxiv:2605.00001", "arxiv:2605.00002", "arxiv:2605.00003"]
    assert service.asked[1:] == [
        {"verb": "ListRecords", "resumptionToken": "a"},
        {"verb": "ListRecords", "resumptionToken": "b"},
    ]


def test_a_stale_token_starts_the_set_again_once() -> None:
    """The second time it is an error."""
    first, bad = answer(raw(1), token="a"), error("badResumptionToken", "expired")
    assert len(fetched(Service(first, bad, first, answer(raw(2))))) == 3
    with pytest.raises(SourceError, match=r'cs:cs:LG: arXiv answers "badResumptionToken": expired'):
        fetched(Service(first, bad, first, bad))


def test_a_token_that_comes_again_ends_the_set() -> None:
    """Rather than going round for ever."""
    service = Service(answer(raw(1), token="a"), answer(raw(2), token="a"))
    wanted = SourceRequest(("cs.LG",), since=date(2026, 5, 20), now=NOW)
    listings = list(ArxivOai().fetch(wanted, service, nothing_known))
    assert "same resumption token twice" in listings[-1].unreadable[0].why


def test_no_records_are_no_fault_and_other_errors_are() -> None:
    """`noRecordsMatch` says that nothing changed; the next set is asked all the same."""
    assert fetched(Service(error("noRecordsMatch"), answer(raw())), "cs.AI", "cs.LG") == ["arxiv:2605.00001"]
    with pytest.raises(SourceError, match="badArgument"):
        fetched(Service(error("badArgument", "no such set")))


def test_errors_of_a_saved_answer_are_told() -> None:
    """Reading never raises."""
    assert parse(error("noRecordsMatch")).unreadable == ()
    (complaint,) = parse(error("badArgument", "no such set")).unreadable
    assert complaint.why == 'arXiv answers "badArgument": no such set'


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded answers are not beside this checkout")
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
    found = parse((SHARED / f"{name}.xml").read_bytes())
    assert [e.ids[0] for e in found.entries] == ids
    assert len(found.unreadable) == unreadable
    assert all(e.authors and e.published and e.updated and e.abstract for e in found.entries)


@pytest.mark.parametrize("since", [None, date(2026, 5, 29)], ids=["a first run", "yesterday"])
def test_asked_for_by_name_it_looks_back(since: date | None) -> None:
    """A user who names the source gets an answer even when nothing seems missed: a week, or since the last."""
    service = Service(answer(raw()))
    wanted = SourceRequest(("cs.LG",), since=since, by_name=True, now=NOW)
    assert len(list(ArxivOai().fetch(wanted, service, nothing_known))) == 1
    first_day = (since or NOW.date() - timedelta(days=6)) - timedelta(days=1)
    assert service.asked[0]["from"] == first_day.isoformat()

"""Links to answer: bound to an edition and a paper, valid for 90 days, and not to be forged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.answer_token import answer_url, has_expired, read_answer_token, read_tune_token, tune_url
from bot.delivery.unsubscribe_token import read_token, sign_token
from tests.support.samples import TOKEN

SECRET = b"sixteen letters!"
PUBLIC = "https://papers.lab.org"
PAPER = answer_url(PUBLIC, SECRET, f"{TOKEN}-1", 3).rpartition("/")[2]
DIGEST = tune_url(f"{PUBLIC}/", SECRET, f"{TOKEN}-1").rpartition("/")[2]
SIGNATURE = PAPER.rpartition(".")[2]


def test_links_name_the_edition_and_the_paper() -> None:
    """They are short, and contain no address."""
    assert answer_url(PUBLIC, SECRET, f"{TOKEN}-1", 3) == f"{PUBLIC}/a/{TOKEN}.3.{SIGNATURE}"
    assert len(SIGNATURE) == 22
    assert read_answer_token(SECRET, PAPER) == (TOKEN, 3)
    assert read_tune_token(SECRET, DIGEST) == TOKEN


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "..",
        TOKEN,
        f"{TOKEN}.3",
        f"{TOKEN}.3.",
        f"{TOKEN}.4.{SIGNATURE}",
        f"{TOKEN[:-1]}7.3.{SIGNATURE}",
        f"{TOKEN}.{SIGNATURE}",
        f"{TOKEN}.３.{SIGNATURE}",
        PAPER[:-1],
        f"{PAPER}=",
        PAPER.swapcase(),
        DIGEST,
        sign_token(SECRET, f"{TOKEN}.3"),
        answer_url("", b"another secret!!", TOKEN, 3).rpartition("/")[2],
    ],
)
def test_forged_tokens(forged: str) -> None:
    """Another paper, edition, secret or purpose."""
    assert read_answer_token(SECRET, forged) is None


@pytest.mark.parametrize("forged", [PAPER, sign_token(SECRET, TOKEN), f"{TOKEN}.{SIGNATURE}"])
def test_tokens_of_other_purposes(forged: str) -> None:
    """A link to answer to one paper, or to unsubscribe, does not open the page of all papers; nor the other way."""
    assert read_tune_token(SECRET, forged) is None
    assert read_token(SECRET, PAPER) is None
    assert read_token(SECRET, DIGEST) is None


@given(st.text(), st.binary())
def test_any_text_is_rejected(text: str, secret: bytes) -> None:
    """Without an error."""
    assert read_answer_token(secret, text) is None
    assert read_tune_token(secret, text) is None


@pytest.mark.parametrize(("days", "expired"), [(0, False), (90, False), (91, True)])
def test_links_last_90_days(days: int, expired: bool) -> None:
    """From the digest's date."""
    now = datetime(2026, 5, 5, 23, 59, tzinfo=UTC) + timedelta(days=days)
    assert has_expired(date(2026, 5, 5), now) is expired

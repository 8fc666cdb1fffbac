"""Unsubscribe links: they name an edition, and cannot be forged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.unsubscribe_token import read_token, sign_token, unsubscribe_url
from tests.support.samples import TOKEN

SECRET = b"sixteen letters!"
PUBLIC = "https://papers.lab.org"
GENUINE = sign_token(SECRET, f"{TOKEN}-1")


def test_link_is_short() -> None:
    """With angle brackets it fits into a header line of 78 characters."""
    url = unsubscribe_url(PUBLIC, SECRET, f"{TOKEN}-1")
    assert re.fullmatch(rf"{PUBLIC}/unsubscribe/{TOKEN}\.[\w-]{{22}}", url)
    assert len(url) <= 75


def test_trailing_slash() -> None:
    """The public URL may end with a slash."""
    assert unsubscribe_url(f"{PUBLIC}/", SECRET, "e-1") == unsubscribe_url(PUBLIC, SECRET, "e-1")


@pytest.mark.parametrize(
    ("delivery", "edition"),
    [(f"{TOKEN}-1", TOKEN), (f"{TOKEN}-12", TOKEN), (TOKEN, TOKEN), ("a-b-1", "a-b"), ("a.b-1", "a.b")],
)
def test_token_names_the_edition(delivery: str, edition: str) -> None:
    """All parts of a digest have the same token."""
    made = sign_token(SECRET, delivery)
    assert made == sign_token(SECRET, f"{edition}-7")
    assert read_token(SECRET, made) == edition


@pytest.mark.parametrize(
    "forged",
    [
        "",
        ".",
        TOKEN,
        f"{TOKEN}.",
        GENUINE[:-1],
        f"{GENUINE}=",
        f"{GENUINE} ",
        f" {GENUINE}",
        GENUINE.replace("3f2a", "3f2b"),
        GENUINE.swapcase(),
        GENUINE.rpartition(".")[2],
        f".{GENUINE.rpartition('.')[2]}",
        sign_token(b"another secret!!", f"{TOKEN}-1"),
        f"{TOKEN}.é\ud800",
    ],
)
def test_forged_tokens(forged: str) -> None:
    """Another edition, another secret, another spelling."""
    assert read_token(SECRET, forged) is None


def test_empty_secret() -> None:
    """A token without a secret is never valid."""
    assert read_token(b"", sign_token(b"", f"{TOKEN}-1")) is None


@given(st.text(), st.binary())
def test_any_text_is_rejected(text: str, secret: bytes) -> None:
    """Without an error."""
    assert read_token(secret, text) is None


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), st.binary(min_size=1))
def test_genuine_token(edition: str, secret: bytes) -> None:
    """It is valid with its secret; with any character changed it is not."""
    made = sign_token(secret, f"{edition}-1")
    assert read_token(secret, made) == edition
    for place in range(len(made)):
        other = "B" if made[place] == "A" else "A"
        assert read_token(secret, made[:place] + other + made[place + 1 :]) is None

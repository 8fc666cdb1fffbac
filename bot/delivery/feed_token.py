"""The secret addresses of feeds. Pure.

An address contains the profile's name and a signature of it and of how often the address was replaced: a replaced
address is not valid any more.
"""

from __future__ import annotations

from bot.delivery.tokens import read, sign


def feed_token(secret: bytes, profile: str, generation: int) -> str:
    """`ada.SIGNATURE`"""
    return sign(secret, _purpose(generation), profile)


def named_profile(token: str) -> str:
    """The profile that a token names, genuine or not: to look up its generation."""
    return token.rpartition(".")[0]


def is_genuine(secret: bytes, token: str, generation: int) -> bool:
    """Whether a token is the present one of the profile that it names. Never raises."""
    return read(secret, _purpose(generation), token) is not None


def _purpose(generation: int) -> str:
    return f"feed {generation}"

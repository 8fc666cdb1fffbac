"""What is valid in a profile and yet has no effect. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

from bot.profiles.model import Profile
from bot.text.plain import fold, quote

_SCRIPTS = ("LATIN", "GREEK")  #: of words in English titles and abstracts
_PAUSE_IS_OVER = timedelta(days=30)  #: by then the digest that follows it has been sent


def profile_notes(profile: Profile, today: date) -> Iterator[str]:
    """Sentences for the profile's author."""
    for interest in profile.interests:
        if _is_foreign(interest.phrase):
            yield (
                f"{profile.id}: titles and abstracts at arXiv and Hugging Face are in English, so "
                f"{quote(interest.phrase)} matches none: write it in English"
            )
    if profile.paused_until and profile.paused_until + _PAUSE_IS_OVER < today:
        yield f"{profile.id}: its pause ended on {profile.paused_until}: remove `pause`, or write a day to come"


def _is_foreign(phrase: str) -> bool:
    return not re.search("[a-z]", fold(phrase)) and any(
        c.isalpha() and not unicodedata.name(c, "").startswith(_SCRIPTS) for c in phrase
    )

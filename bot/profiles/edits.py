"""Changes of profile files that Paperboy makes for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProfileEdit:
    """A change of a profile's file, with the former text to go back to."""

    id: int
    profile: str
    who: str  #: `command:ada`, `web:ada@example.org`
    at: datetime  #: UTC
    before: str  #: the whole file, its line ends as they are
    after: str

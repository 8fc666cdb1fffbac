"""What the clients make of each feature: an excerpt of caniemail's data, and how it is taken.

The facts are caniemail.com's (https://github.com/hteumeuleu/caniemail, MIT License, Copyright (c) 2019 HTeuMeuLeu):
for each feature that `names` knows, and each client here, the verdict on its newest version, with the notes that it
points to. Owns `verdicts.json` and its making; refuses to know what a mail uses and what may be lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.mail_lint.names import FEATURES

EXCERPT = Path(__file__).with_name("verdicts.json")
CANIEMAIL = Path(__file__).resolve().parents[4] / "shared" / "email" / "caniemail.json"
LICENCE = "Data of caniemail.com, https://github.com/hteumeuleu/caniemail, MIT License, Copyright (c) 2019 HTeuMeuLeu"
#: By family, then platform, as caniemail names them. `windows` is the Word engine (2013 to 2019 and after).
CLIENTS = {
    "Gmail": ("gmail", ("desktop-webmail", "ios", "android")),
    "Apple Mail": ("apple-mail", ("macos", "ios")),
    "Outlook": ("outlook", ("windows", "windows-mail", "outlook-com")),
    "Yahoo": ("yahoo", ("desktop-webmail", "ios", "android")),
}
WORD = "Outlook windows"
LEGEND = "y yes, a partly, n no, u untried; " + ", ".join(
    f"{client}: {' '.join(platforms)}" for client, (_, platforms) in CLIENTS.items()
)
NAMES = tuple(f"{client} {where}" for client, (_, platforms) in CLIENTS.items() for where in platforms)


@dataclass(frozen=True, slots=True)
class Verdicts:
    slug: str
    by_client: Mapping[str, str]  #: of NAMES: "y", "a#1", "n#2#3", "u", the numbers being those of notes
    notes: Mapping[str, str]  #: by their number

    def clients(self, verdict: str, among: tuple[str, ...] = NAMES) -> tuple[str, ...]:
        return tuple(name for name in among if self.by_client[name][0] == verdict)

    def letters(self) -> str:
        """`Gmail yaa  Apple Mail yy  Outlook any  Yahoo yya`, each in the order of CLIENTS."""
        return "  ".join(
            f"{client} {''.join(self.by_client[f'{client} {where}'][0] for where in platforms)}"
            for client, (_, platforms) in CLIENTS.items()
        )

    def noted(self) -> dict[str, tuple[str, ...]]:
        """Each note with the clients that it is on."""
        return {
            note: tuple(name for name, verdict in self.by_client.items() if number in verdict.split("#")[1:])
            for number, note in self.notes.items()
        }


@cache
def verdicts() -> dict[str, Verdicts]:
    """By slug."""
    table = json.loads(EXCERPT.read_text(encoding="utf-8"))["features"]
    return {
        slug: Verdicts(slug, dict(zip(NAMES, one["verdicts"].split(), strict=True)), one.get("notes", {}))
        for slug, one in table.items()
    }


def excerpt(caniemail: dict[str, Any]) -> dict[str, Any]:
    """What of caniemail's data the linter needs; KeyError names a slug of `names` that is not there."""
    by_slug = {feature["slug"]: feature for feature in caniemail["data"]}
    features = {slug: _feature(by_slug[slug]) for slug in sorted(set(FEATURES.values()))}
    return {
        "licence": LICENCE,
        "updated": caniemail["last_update_date"],
        "clients": NAMES,
        "features": features,
    }


def _feature(feature: dict[str, Any]) -> dict[str, Any]:
    """The verdicts, and the notes on those that are not plain support."""
    found = [
        _newest(feature["stats"].get(family, {}).get(where, {})).replace(" ", "")
        for family, platforms in CLIENTS.values()
        for where in platforms
    ]
    found = ["y" if verdict[0] == "y" else verdict for verdict in found]
    numbers = {number for verdict in found for number in verdict.split("#")[1:]}
    notes = {number: (feature["notes_by_num"] or {}).get(number) or "" for number in sorted(numbers, key=int)}
    return {"verdicts": " ".join(found)} | ({"notes": notes} if notes else {})


def _newest(by_version: dict[str, str]) -> str:
    """Versions are years with months, or numbers, and not always in order; "u" where nobody has tried."""
    if not by_version:
        return "u"
    return by_version[max(by_version, key=lambda version: [int(n) for n in re.findall(r"\d+", version)])]


def write_excerpt() -> None:
    """One feature a line, so that a change of caniemail's is a line of the diff."""
    made = excerpt(json.loads(CANIEMAIL.read_text(encoding="utf-8")))
    lines = (f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in made["features"].items())
    head = json.dumps({k: v for k, v in made.items() if k != "features"}, ensure_ascii=False, indent=1)
    text = head.removesuffix("\n}") + ',\n "features": {\n' + ",\n".join(lines) + "\n }\n}\n"
    EXCERPT.write_text(text, encoding="utf-8")

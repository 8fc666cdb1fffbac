"""The licences of what an installation from requirements.lock brings."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
#: Licences that let anyone use, change and pass on Paperboy. LGPL: psycopg, which is imported unchanged.
ALLOWED = re.compile(
    r"(MIT|ISC|0BSD|BSD|Apache|PSF|MPL|Mozilla Public|LGPL|CNRI-Python|The Unlicense|Zope Public|Zlib|CC0-1\.0)\b.*"
)


def licences(package: Distribution) -> list[str]:
    """The names of its licences, as the package gives them: an SPDX expression, classifiers or text."""
    about = package.metadata
    classifiers = [c.split(" :: ")[-1] for c in about.get_all("Classifier", []) if c.startswith("License ::")]
    named = [c for c in classifiers if c not in ("OSI Approved", "DFSG approved")]
    if expression := about.get("License-Expression"):
        return re.split(r" AND | OR ", expression)
    return named or [about.get("License", "none")]


def test_licences_are_allowed() -> None:
    """Every locked package that is installed here has an allowed licence."""
    found = {}
    for name in re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE):
        try:
            found[name] = licences(distribution(name))
        except PackageNotFoundError:  # it is for other systems, or only for building
            continue
    assert len(found) > 30
    assert {name: names for name, names in found.items() if not all(map(ALLOWED.match, names))} == {}

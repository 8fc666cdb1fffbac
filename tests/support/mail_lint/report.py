"""The linter's report on one mail, and its wording.

Owns what is told: sizes, contrasts, features with verdicts and excuses, findings. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.mail_lint.checks import check
from tests.support.mail_lint.colours import contrast, in_hex, looks
from tests.support.mail_lint.findings import Feature, Finding, features, judge
from tests.support.mail_lint.names import BEYOND, BEYOND_FOR_WORD
from tests.support.mail_lint.page import Page, read_page
from tests.support.mail_lint.uses import place, uses
from tests.support.mail_lint.verdicts import LEGEND


@dataclass(frozen=True, slots=True)
class Report:
    size: int  #: bytes of HTML
    style: int  #: characters within <style>
    contrasts: tuple[str, str]  #: the least one of the light and of the dark scheme, with its place
    features: tuple[Feature, ...]
    beyond: tuple[str, ...]  #: names that caniemail does not know, and BEYOND does
    findings: tuple[Finding, ...]  #: each kind once, with its first place

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings}

    def sizes(self) -> str:
        return f"{self.size:,} bytes of HTML, {self.style:,} characters of styles"

    def told(self) -> str:
        """Everything, for reading."""
        return "\n".join(
            (
                self.sizes(),
                *(f"least contrast, {text}" for text in self.contrasts),
                LEGEND,
                *(line for feature in self.features for line in _lines(feature)),
                *(f"{name}  unknown to caniemail: {BEYOND.get(name, 'Word alone')}" for name in self.beyond),
                self.told_findings(),
            )
        )

    def told_findings(self) -> str:
        lines = (f"FINDING {one.code}: {one.text} [{one.place}]" for one in self.findings)
        return "\n".join(lines) or "no findings"


def _lines(feature: Feature) -> Iterator[str]:
    what = f"{feature.verdicts.slug} ({', '.join(feature.names)}) x {feature.count}"
    yield f"{what}  {feature.verdicts.letters()}"
    if feature.excuse:
        yield f"    lost without harm: {feature.excuse.why}"
    yield from (f"    {', '.join(clients)}: {note}" for note, clients in feature.verdicts.noted().items())


def lint(source: str) -> Report:
    """`source`: a whole HTML document, styles inlined."""
    page = read_page(source)
    used = list(uses(page))
    found = [finding for use in used if (finding := judge(use))] + list(check(page))
    first = {(finding.code, finding.text): finding for finding in reversed(found)}
    return Report(
        len(source.encode()),
        sum(len(sheet.text) for sheet in page.sheets),
        (f"light: {_least_contrast(page, dark=False)}", f"dark: {_least_contrast(page, dark=True)}"),
        tuple(features(used)),
        tuple(dict.fromkeys(use.name for use in used if use.name in BEYOND | BEYOND_FOR_WORD)),
        tuple(reversed(first.values())),
    )


def _least_contrast(page: Page, *, dark: bool) -> str:
    shown = [(contrast(look.colour, look.ground), look) for look in looks(page, dark=dark)]
    if not shown:
        return "no text"
    ratio, look = min(shown, key=lambda pair: pair[0])
    return f"{ratio:.2f}:1, {in_hex(look.colour)} on {in_hex(look.ground)}, {place(look.element)}"

r"""Quantities as siunitx writes them, `\SI{5}{\kilo\meter}`, and chemical formulas as mhchem does, `\ce{H2O}`.

Owns the names of units and what they look like. What it cannot read stays as written, all of it.
"""

from __future__ import annotations

import re

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import SUBSCRIPTS, scripted

_ARGUMENTS = {
    "SI": 2, "qty": 2, "si": 1, "unit": 1, "num": 1, "ang": 1, "SIrange": 3, "qtyrange": 3, "numrange": 2,
}  # fmt: skip
QUANTITIES = frozenset(_ARGUMENTS)
_PREFIXES = {
    "atto": "a", "femto": "f", "pico": "p", "nano": "n", "micro": "µ", "milli": "m", "centi": "c", "deci": "d",
    "hecto": "h", "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "peta": "P", "exa": "E", "kibi": "Ki",
    "mebi": "Mi", "gibi": "Gi", "tebi": "Ti",
}  # fmt: skip
_UNITS = {
    "meter": "m", "metre": "m", "gram": "g", "second": "s", "ampere": "A", "kelvin": "K", "mole": "mol",
    "hertz": "Hz", "newton": "N", "pascal": "Pa", "joule": "J", "watt": "W", "volt": "V", "ohm": "Ω", "farad": "F",
    "henry": "H", "tesla": "T", "weber": "Wb", "coulomb": "C", "siemens": "S", "celsius": "°C", "degree": "°",
    "degreeCelsius": "°C", "percent": "%", "minute": "min", "hour": "h", "day": "d", "liter": "L", "litre": "L",
    "tonne": "t", "electronvolt": "eV", "bit": "bit", "byte": "B", "decibel": "dB", "radian": "rad",
    "steradian": "sr", "angstrom": "Å", "arcminute": "′", "arcsecond": "″", "lux": "lx", "lumen": "lm",
    "candela": "cd", "becquerel": "Bq", "sievert": "Sv", "hectare": "ha", "dalton": "Da",
}  # fmt: skip
_TIGHT = frozenset({"", "°", "%", "′", "″"})
_POWERS = {"square": 2, "squared": 2, "cubic": 3, "cubed": 3}
_NAMES = re.compile(r"(?:\\[A-Za-z]+|[.~\s])+")
_SYMBOLS = re.compile(r"[A-Za-zµμΩ°%/.·\s]+")
_EXPONENT = re.compile(r"\^(?:\{(-?\d)\}|(\d))")
_ABBREVIATION = re.compile(r"[pnumcdhkMGT]?(?:[mgsAKNJWVFHTSLlB]|Hz|Pa|eV|mol|bit)|dB|dBm")
_NUMBER = re.compile(r"([-+]?)(\d[\d.,]*)?(?:\s*(?:\+-|\\pm)\s*([\d.]+))?(?:[eE]([-+]?\d+))?")
_REACTIONS = {"+": "+", "->": "→", "<-": "←", "<->": "↔", "<=>": "⇌"}
_FORMULA = re.compile(r"((?:[A-Z][a-z]?|[()\[\]\d])+)(?:\^\{?(\d*[-+])\}?|([-+]))?")
_LOWERED = re.compile(r"(?<=[A-Za-z)\]])\d+")


def quantity(reader: Reader, name: str) -> str:
    r"""`\SI`, `\num`, `\unit`, `\SIrange`: numbers, a unit, or both."""
    start = reader.pos
    reader.skip_optional()
    arguments = [reader.raw_argument() or "" for _ in range(_ARGUMENTS[name])]
    unit = "" if name.startswith("num") else "°" if name == "ang" else _unit(arguments.pop())
    numbers = [_number(one) for one in arguments]
    if unit is None or None in numbers:
        reader.pos = start
        return reader.as_written(name)
    said = "–".join(filter(None, numbers))
    return said + (" " if said and unit not in _TIGHT else "") + unit


def _number(text: str) -> str | None:
    """`1.5e-3` as 1.5×10⁻³, `1+-0.2` as 1 ± 0.2."""
    match = _NUMBER.fullmatch(text.strip())
    if not match or not (match[2] or match[4]):
        return None
    sign, figure, spread, exponent = match.groups()
    said = (figure or "") + (f" ± {spread}" if spread else "")
    if exponent is not None:
        power = "10" + scripted("^", exponent.removeprefix("+"), "0", "")
        said = f"({said})×{power}" if spread else f"{said}×{power}" if said else power
    return sign + said


def _unit(text: str) -> str | None:
    if _NAMES.fullmatch(text):
        return _named(re.findall(r"\\([A-Za-z]+)", text))
    if not _SYMBOLS.fullmatch(_EXPONENT.sub("", text)):
        return None
    raised = _EXPONENT.sub(lambda match: scripted("^", match[1] or match[2], "", ""), text)
    return raised.strip().replace(".", "·")


def _named(names: list[str]) -> str | None:
    r"""`\kilo\meter\per\second\squared` as km/s²; with more than one `\per`, as kg m⁻¹ s⁻²."""
    units: list[tuple[str, int]] = []
    prefix, sign, power = "", 1, 1
    for name in names:
        if name == "per":
            sign = -1
        elif name in _PREFIXES:
            prefix = _PREFIXES[name]
        elif name in _POWERS and name.endswith("ed") and units:
            units[-1] = units[-1][0], units[-1][1] * _POWERS[name]
        elif name in _POWERS:
            power = _POWERS[name]
        elif symbol := _UNITS.get(name) or _abbreviated(name):
            units.append((prefix + symbol, sign * power))
            prefix, sign, power = "", 1, 1
        else:
            return None
    return _joined(units) if units else None


def _abbreviated(name: str) -> str:
    r"""`\km`, `\um`."""
    return re.sub(r"^u", "µ", name) if _ABBREVIATION.fullmatch(name) else ""


def _joined(units: list[tuple[str, int]]) -> str:
    above = [symbol + _raised(power) for symbol, power in units if power > 0]
    below = [(symbol, power) for symbol, power in units if power < 0]
    if above and len(below) == 1:
        return f"{' '.join(above)}/{below[0][0]}{_raised(-below[0][1])}"
    return " ".join(symbol + _raised(power) for symbol, power in units)


def _raised(power: int) -> str:
    return "" if power == 1 else scripted("^", str(power), "", "")


def chemical(reader: Reader, name: str) -> str:
    r"""`\ce{2H2 + O2 -> 2H2O}`, `\ce{SO4^2-}`."""
    start = reader.pos
    said = [_REACTIONS.get(one) or _substance(one) for one in (reader.raw_argument() or "?").split()]
    if None in said:
        reader.pos = start
        return reader.as_written(name)
    return " ".join(filter(None, said))


def _substance(text: str) -> str | None:
    match = _FORMULA.fullmatch(text)
    if not match:
        return None
    charge = match[2] or match[3]
    lowered = _LOWERED.sub(lambda number: "".join(SUBSCRIPTS[c] for c in number[0]), match[1])
    return lowered + (scripted("^", charge, "", "") if charge else "")

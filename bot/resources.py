"""The folders that a wheel carries beside the code: templates and example profiles."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str, package: Path = _PACKAGE) -> Path:
    """A folder that is inside the package of a wheel, and beside the package in a checkout.

    The inner one comes first: beside an installed package, a folder named `templates` belongs to another project.
    """
    inside = package / "_data" / name
    return inside if inside.is_dir() else package.parent / name

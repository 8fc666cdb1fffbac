"""Replacing files that users wrote."""

from __future__ import annotations

from pathlib import Path

from bot.files import replace_file


def test_replacing_a_file(tmp_path: Path) -> None:
    """Only what was read is replaced; permissions stay, a link stays one, and nothing is left beside the file."""
    path, link = tmp_path / "real" / "ada.yaml", tmp_path / "ada.yaml"
    path.parent.mkdir()
    path.write_bytes(b"one")
    path.chmod(0o640)
    link.symlink_to(path)
    assert replace_file(link, b"one", b"two")
    assert not replace_file(link, b"one", b"three")
    assert not replace_file(link, b"tw", b"three")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"two", 0o640, True)
    assert list(path.parent.iterdir()) == [path]

"""Makes Chromium's screenshots small by reducing their colours: https://www.w3.org/TR/png-3/."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  #: height, width, channels (red, green, blue, alpha)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}  # by colour type: RGB, RGBA
_UP = 2
_MAX_COLOURS = 256


def pixels(png: bytes) -> Pixels:
    """The pixels of a PNG. Raises ValueError unless all lines are differences from the line above (filter Up)."""
    chunks = list(_chunks(png))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    packed = b"".join(content for name, content in chunks if name == b"IDAT")
    channels = _CHANNELS.get(kind, 0)
    lines = np.frombuffer(zlib.decompress(packed), np.uint8)
    lines = (
        lines.reshape(height, width * channels + 1) if depth == 8 and channels else lines[:0].reshape(0, 1)
    )
    if not lines.size or np.any(lines[:, 0] != _UP):
        raise ValueError("not as Chromium writes it when optimizeForSpeed is set")
    values = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8).reshape(height, width, channels)
    opaque = np.full((height, width, 4 - channels), 255, np.uint8)
    return np.concatenate([values, opaque], axis=2)


def paletted(shown: Pixels) -> bytes:
    """A PNG of at most 256 colours: the most frequent ones; each other colour becomes the nearest of them."""
    height, width, _ = shown.shape
    keys = np.ascontiguousarray(shown).view(np.uint32).reshape(-1)
    found, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    colours = found.view(np.uint8).reshape(-1, 4).astype(np.int64)
    palette = _palette(colours[np.argsort(-counts, kind="stable")])
    nearest = _distances(colours, palette).argmin(axis=1).astype(np.uint8)
    lines = np.zeros((height, width + 1), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = nearest[places.reshape(-1)].reshape(height, width)
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette[:, :3].astype(np.uint8).tobytes()),
            _chunk(b"tRNS", palette[:, 3].astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(colours: NDArray[Any]) -> NDArray[Any]:
    """Colours that are at least a distance apart, the smallest that leaves at most 256; most frequent first."""
    for distance in range(0, 512, 4):
        chosen = _apart(colours, distance)
        if len(chosen) <= _MAX_COLOURS:
            return chosen
    raise AssertionError("colours are at most 510 apart")


def _apart(colours: NDArray[Any], distance: int) -> NDArray[Any]:
    """Colours further than `distance` from every earlier one."""
    left, chosen = colours, []
    while len(left) and len(chosen) <= _MAX_COLOURS:
        chosen.append(left[0])
        left = left[_distances(left, left[:1])[:, 0] > distance**2]
    return np.array(chosen)


def _distances(colours: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Squared distances of each colour to each other one, over the four channels."""
    return ((colours[:, None] - others[None]) ** 2).sum(axis=2)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

"""What Slack accepts and what it shows: its limits and its reading of mrkdwn.

Written from Slack's documentation and others' measurements, independent of the product's code. Where messages should
stay away from Slack's own limit, the number here is lower, and the comment gives Slack's.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Block = Mapping[str, Any]

MOST_BLOCKS = 45  # Slack: 50
MOST_OF_ALL_BLOCKS = 9_000  # characters; Slack: about 12,000, of which 11,341 were too many
MOST_TEXT = 4_000  # Slack: 40,000, but it may split a longer one
_HEADER, _TEXT, _FIELD, _MARKDOWN = 150, 3_000, 2_000, 12_000
_FIELDS, _CONTEXT, _ACTIONS = 10, 10, 25
_ID = 255
_BUTTON = {"text": 75, "value": 2_000, "url": 3_000}
_OPTION, _OPTIONS = {"text": 75, "value": 150}, 5
_KNOWN = {"header", "section", "context", "divider", "actions", "markdown"}
#: A link in the form that the product writes: a web address without spaces, and a label.
_LINK = re.compile(r"<(https?://[^\s<>|]+)\|([^<>]*[^<>\s][^<>]*)>")


def size(text: str) -> int:
    """UTF-16 units: a character beyond U+FFFF is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problems(payload: Mapping[str, Any]) -> list[str]:
    """What Slack would refuse, cut, or read differently in the arguments of chat.postMessage."""
    return [*_of_message(payload), *_of_text("text", payload.get("text"), MOST_TEXT), *_of_blocks(payload)]


def _of_message(payload: Mapping[str, Any]) -> Iterator[str]:
    try:
        json.dumps(payload, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield "half a surrogate"
    for name in ("unfurl_links", "unfurl_media"):
        if payload.get(name) is not False:
            yield f"{name} is not false"
    metadata = payload.get("metadata")
    if not isinstance(metadata, dict) or metadata.keys() != {"event_type", "event_payload"}:
        yield "metadata: an event_type and an event_payload are wanted"
    elif not re.fullmatch(r"\w{1,255}", str(metadata["event_type"])) or not isinstance(
        metadata["event_payload"], dict
    ):
        yield "metadata: not a name and an object"


def _of_blocks(payload: Mapping[str, Any]) -> Iterator[str]:
    blocks: list[Block] = payload.get("blocks", [])
    if not blocks and "blocks" in payload:
        yield "blocks: empty"
    if len(blocks) > MOST_BLOCKS:
        yield f"blocks: {len(blocks)}, more than {MOST_BLOCKS}"
    total = sum(size(text) for block in blocks for text in _texts(block))
    if total > MOST_OF_ALL_BLOCKS:
        yield f"blocks: {total} characters in all, more than {MOST_OF_ALL_BLOCKS}"
    ids = Counter(str(block["block_id"]) for block in blocks if "block_id" in block)
    yield from (f"block_id twice: {id_[:20]}" for id_, count in ids.items() if count > 1)
    for number, block in enumerate(blocks, start=1):
        yield from (f"block {number}: {problem}" for problem in _of_block(block))


def _texts(value: Any) -> Iterator[str]:
    """Values named text, at any depth."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from [item] if name == "text" and isinstance(item, str) else _texts(item)


def _of_block(block: Block) -> Iterator[str]:
    kind = block.get("type")
    if kind not in _KNOWN:
        yield f"type {kind!r} is not known"
    if size(str(block.get("block_id", ""))) > _ID:
        yield "block_id too long"
    if kind == "header":
        yield from _of_object("text", block.get("text"), _HEADER, ("plain_text",))
    elif kind == "section":
        yield from _of_section(block)
    elif kind == "context":
        yield from _of_elements(block, _CONTEXT)
        for element in block.get("elements", []):
            yield from _of_object("element", element, _TEXT)
    elif kind == "actions":
        yield from _of_elements(block, _ACTIONS)
        for element in block.get("elements", []):
            yield from _of_button(element)
    elif kind == "markdown" and not 0 < size(str(block.get("text", ""))) <= _MARKDOWN:
        yield "text: empty or too long"


def _of_section(block: Block) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "neither text nor fields"
    if "text" in block:
        yield from _of_object("text", block["text"], _TEXT)
    if len(fields) > _FIELDS:
        yield f"{len(fields)} fields, more than {_FIELDS}"
    for field in fields:
        yield from _of_object("field", field, _FIELD)
    if accessory := block.get("accessory"):
        yield from _of_button(accessory) if accessory.get("type") == "button" else _of_overflow(accessory)


def _of_elements(block: Block, most: int) -> Iterator[str]:
    count = len(block.get("elements", []))
    if not 0 < count <= most:
        yield f"{count} elements, not 1 to {most}"


def _of_overflow(menu: Block) -> Iterator[str]:
    options = menu.get("options", [])
    if menu.get("type") != "overflow" or not 0 < len(options) <= _OPTIONS:
        yield f"accessory: no overflow menu of 1 to {_OPTIONS} options"
    if not 0 < size(str(menu.get("action_id", ""))) <= _ID:
        yield "accessory: action_id missing or too long"
    for option in options:
        yield from _of_object("option", option.get("text"), _OPTION["text"], ("plain_text",))
        if not 0 < size(str(option.get("value", ""))) <= _OPTION["value"]:
            yield "option: value missing or too long"
    if len({option.get("value") for option in options}) < len(options):
        yield "option: a value twice"


def _of_button(button: Block) -> Iterator[str]:
    yield from _of_object("button", button.get("text"), _BUTTON["text"], ("plain_text",))
    for name in ("value", "url"):
        if size(str(button.get(name, ""))) > _BUTTON[name]:
            yield f"button: {name} too long"
    if size(str(button.get("action_id", ""))) > _ID:
        yield "button: action_id too long"


def _of_object(
    where: str, text: Any, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"{where}: no {' or '.join(kinds)}"
        return
    if text["type"] == "mrkdwn" and text.get("verbatim") is not True:
        yield f"{where}: not verbatim"
    yield from _of_text(where, text.get("text"), most, is_markup=text["type"] == "mrkdwn")


def _of_text(where: str, text: Any, most: int, *, is_markup: bool = True) -> Iterator[str]:
    if not isinstance(text, str) or not re.sub(r"[\s\u00ad\u200b]", "", text):
        yield f"{where}: empty"
        return
    if size(text) > most:
        yield f"{where}: {size(text)} characters, more than {most}"
    if mention := re.search(r"<[!@#]\S{0,20}", text):
        yield f"{where}: a mention, {mention[0]}"
    elif is_markup:
        yield from _of_escaping(where, text)


def _of_escaping(where: str, text: str) -> Iterator[str]:
    rest = _LINK.sub("", text)
    for bare in (re.search(r"[<>]", rest), re.search(r"&(?!(?:amp|lt|gt);)", rest)):
        if bare:
            yield f"{where}: not escaped, {rest[max(0, bare.start() - 20) : bare.end() + 20]!r}"
    if any(re.search(r"&(?!amp;)", link[1]) for link in _LINK.finditer(text)):
        yield f"{where}: a URL that is not escaped"


# --- What is shown ------------------------------------------------------------------------------------------

#: Before an opening mark and after a closing one, in Slack's own web client as others quote it.
_BEFORE = r"(?:^|(?<=[\s?.,\-!^;:{(\[%$#+=\"\u2000-\u206f\u2e00-\u2e7f]))"
_AFTER = r"(?=$|[\s?.,'\-!^;:})\]%$~{\[<#+=\u2000-\u206f\u2e00-\u2e7f…\"])"
#: A keener reading: anything but a letter, a digit or a soft hyphen before, and anything after.
_ANYTHING_BEFORE = r"(?<![^\W_])(?<!\u00ad)"
_MARKS = ("[`｀]", "[*＊]", "[_＿]", "[~～]")


def shown(mrkdwn: str, *, keen: bool = False) -> str:
    """What a reader sees of mrkdwn: labels of links, no working marks, other marks, decoded entities, nothing
    invisible. An emoji's name becomes a square, and a quotation loses its sign.

    `keen`: every mark works that could be one. Text that is shown as written is the same for both.
    """
    text = re.sub(r":[\w+'-]+:(?::skin-tone-\d:)?", "□", _LINK.sub(r"\2", mrkdwn))
    for mark in _MARKS:
        text = _keen(mark).sub(r"\1", text) if keen and "~" not in mark else _strict(mark).sub(r"\1", text)
    text = re.sub(r"^(?:&gt;|＞)", "", text, flags=re.M)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return without_invisible(text)


#: Something that neither begins nor ends with a space.
_WITHIN = r"(\S|\S.*?\S)"


def _strict(mark: str) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}{mark}{_WITHIN}{mark}{'' if '`' in mark else _AFTER}", re.M)


def _keen(mark: str) -> re.Pattern[str]:
    return re.compile(rf"{_ANYTHING_BEFORE}{mark}{_WITHIN}{mark}", re.M)


def without_invisible(text: str) -> str:
    """Without soft hyphens and zero-width spaces."""
    return text.translate({0xAD: None, 0x200B: None})


def bold(mrkdwn: str) -> list[str]:
    """The stretches that Slack shows in bold."""
    return [shown(match[1]) for match in _strict("[*]").finditer(_LINK.sub(r"\2", mrkdwn))]

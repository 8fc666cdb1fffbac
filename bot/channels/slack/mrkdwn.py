"""Slack's mrkdwn: text that shows as written, links that lead where they say, bold that shows as bold.

Owns the escaping, and lengths as Slack counts them. Refuses to know what is said.

There is no escape for `*_~` and backticks. How Slack reads them is known from its own web client, whose rules several
public programs quote: a mark opens after the start, a space, some punctuation or anything from U+2000 to U+206F, and
closes before the like. So zero-width spaces and joiners make marks work rather than keep them from it, which
https://github.com/yhatt/jsx-slack/blob/main/docs/about-escape-and-exact-mode.md makes use of. The soft hyphen is no
such character, and as invisible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.presentation.excerpts import Span
from bot.text.plain import truncate

_LONGEST_URL = 600  #: characters, escaped
#: A soft hyphen shows where a line ends just there: it is put where a mark would work, and nowhere else.
_GUARD = "\u00ad"
#: Zero-width space: within `:name:` it leaves no emoji, and at the start of a line no quotation.
_BREAK = "\u200b"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_INVISIBLE = {ord(_GUARD): None, ord(_BREAK): None, ord("\n"): " "}
#: Where a mark could open: not within a word, nor before a space. The wide ones of East Asian keyboards mark as well.
#: A tilde is mostly "about": it is guarded when another one could close it, and as one that could close.
_GUARDED = re.compile(r"(?<![^\W_])(?=[*_`＊＿｀](?!\s)|([~～])(?!\s).*\S\1)|(?<=\S[~～])(?![^\W_])")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_ASTERISK = re.compile("[*＊]")
#: What a mark works after, and before, beside white space and the edges of a line.
_MAY_OPEN = frozenset('.,:;!?([{"-–—“‘')
_MAY_CLOSE = frozenset(".,:;!?)]}\"'-–—”’…")


def escaped(text: str) -> str:
    """`text` as mrkdwn that shows it as written: no mention, no link, no bold, no emoji.

    Exactly `&`, `<` and `>` are escaped (https://api.slack.com/reference/surfaces/formatting).
    """
    plain = text.translate(_INVISIBLE)
    shown = _EMOJI.sub(f":{_BREAK}", disarmed(_GUARDED.sub(_GUARD, plain)))
    return _BREAK + shown if plain.startswith((">", "＞")) else shown


def disarmed(text: str) -> str:
    """`text` for a message without markup: only mentions and links are left to be kept from working."""
    return re.sub(r"[&<>]", lambda match: _ESCAPES[match[0]], text.replace("\n", " "))


def escaped_within(text: str, share: int) -> str:
    """`text` escaped, and cut before escaping so that no more than `share` characters result."""
    length = min(len(text), share)
    shown = escaped(truncate(text, length)) if length else ""
    while size(shown) > share:
        length = min(length - 1, length * share // size(shown))
        shown = escaped(truncate(text, length)) if length else ""
    return shown


def size(text: str) -> int:
    """Length as JavaScript counts it: emoji are two, so that nothing is over a limit either way."""
    return len(text.encode("utf-16-le")) // 2


# --- Bold ---------------------------------------------------------------------------------------------------


def bold(text: str, share: int) -> str:
    """`text` in bold, within `share` characters; its caller sees to it that it stands between spaces."""
    return embolded(text, escaped_within(text, share - 2))


def embolded(text: str, shown: str) -> str:
    """What shows `text`, in bold: but not where an asterisk of its own could end that early, and show another one."""
    return f"*{shown}*" if shown and not _ASTERISK.search(text) else shown


def marked(extract: Sequence[Span]) -> str:
    """An extract with its matched terms in bold, but those that stand where Slack would show the marks themselves."""
    return "".join(
        embolded(text, escaped(text)) if is_bold else escaped(text) for text, is_bold in _runs(extract)
    )


def _runs(extract: Sequence[Span]) -> Iterable[tuple[str, bool]]:
    """The extract's text, taken apart only where bold begins and ends: what is escaped is read with what is near."""
    whole = "".join(span.text for span in extract)
    plain = at = 0
    for span in extract:
        end = at + len(span.text)
        if span.matched and _is_clear(whole, at, end):
            yield whole[plain:at], False
            yield span.text, True
            plain = end
        at = end
    yield whole[plain:], False


def _is_clear(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return (not before or before.isspace() or before in _MAY_OPEN) and (
        not after or after.isspace() or after in _MAY_CLOSE
    )


# --- Links --------------------------------------------------------------------------------------------------


def link(url: str, label: str, share: int, longest: int = _LONGEST_URL) -> str:
    """`<url|label>`, or the label alone when the URL would not fit. `|` in a label means nothing to Slack."""
    target = escaped_url(url)
    shown = escaped_within(label, share)
    return f"<{target}|{shown}>" if len(target) <= longest else shown


def escaped_url(url: str) -> str:
    """A URL of a view, which is free of `<`, `>`, `|` and spaces, inside a link that may stand in bold."""
    return url.replace("&", "&amp;").replace("*", "%2A")

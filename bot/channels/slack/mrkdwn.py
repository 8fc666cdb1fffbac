"""Slack's mrkdwn: text that is shown as written, links that lead where they say, bold that is shown as bold.

There is no escape for `*_~` and backticks. How Slack reads them is known from its own web client, whose rules several
public programs quote: a mark opens after the start, a space, some punctuation or anything from U+2000 to U+206F, and
closes before the same. So zero-width spaces and joiners make marks work instead of preventing it, which
https://github.com/yhatt/jsx-slack/blob/main/docs/about-escape-and-exact-mode.md uses. The soft hyphen is not among
these characters, and is invisible too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.presentation.excerpts import Span
from bot.text.plain import truncate

_URL_LENGTH = 600  #: characters, escaped
#: A soft hyphen is shown where a line ends at it: it is put where a mark would work, and nowhere else.
_GUARD = "\u00ad"
#: Zero-width space: within `:name:` it prevents an emoji, and at the start of a line a quotation.
_BREAK = "\u200b"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_INVISIBLE = {ord(_GUARD): None, ord(_BREAK): None, ord("\n"): " "}
#: Where a mark could open: not within a word, nor before a space. The full-width ones of East Asian keyboards are
#: marks as well. A tilde usually means "about": it is guarded when another one could close it, and where it could
#: close another.
_GUARDED = re.compile(r"(?<![^\W_])(?=[*_`＊＿｀](?!\s)|([~～])(?!\s).*\S\1)|(?<=\S[~～])(?![^\W_])")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_ASTERISK = re.compile("[*＊]")
#: A mark opens after, and closes before, these, white space and the edges of a line.
_MAY_OPEN = frozenset('.,:;!?([{"-–—“‘')
_MAY_CLOSE = frozenset(".,:;!?)]}\"'-–—”’…")


def size(text: str) -> int:
    """Length in UTF-16 units, as Slack counts: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def escape(text: str) -> str:
    """`text` as mrkdwn that shows it as written: no mention, no link, no bold, no emoji.

    Exactly `&`, `<` and `>` are escaped (https://api.slack.com/reference/surfaces/formatting).
    """
    plain = text.translate(_INVISIBLE)
    shown = _EMOJI.sub(f":{_BREAK}", escape_controls(_GUARDED.sub(_GUARD, plain)))
    return _BREAK + shown if plain.startswith((">", "＞")) else shown


def escape_controls(text: str) -> str:
    """`text` for a message without markup (`mrkdwn: false`), where only mentions and links still work."""
    return re.sub(r"[&<>]", lambda match: _ESCAPES[match[0]], text.replace("\n", " "))


def escape_within(text: str, limit: int) -> str:
    """`text` escaped, and shortened before so that the result has at most `limit` characters."""
    length = min(len(text), limit)
    shown = escape(truncate(text, length)) if length else ""
    while size(shown) > limit:
        length = min(length - 1, length * limit // size(shown))
        shown = escape(truncate(text, length)) if length else ""
    return shown


# --- Bold ---------------------------------------------------------------------------------------------------


def bold(text: str, limit: int) -> str:
    """`text` in bold, in at most `limit` characters. The caller puts spaces around it."""
    return make_bold(text, escape_within(text, limit - 2))


def make_bold(text: str, shown: str) -> str:
    """`shown`, which is `text` in mrkdwn, in bold; unchanged when an asterisk in it could end the bold early."""
    return f"*{shown}*" if shown and not _ASTERISK.search(text) else shown


def mark_terms(extract: Sequence[Span]) -> str:
    """An extract with its matched terms in bold, except where Slack would show the marks themselves."""
    return "".join(
        make_bold(text, escape(text)) if is_bold else escape(text) for text, is_bold in _runs(extract)
    )


def _runs(extract: Sequence[Span]) -> Iterable[tuple[str, bool]]:
    """The text, split only where bold begins and ends, as escaping depends on the characters nearby."""
    whole = "".join(span.text for span in extract)
    plain = at = 0
    for span in extract:
        end = at + len(span.text)
        if span.matched and _marks_work(whole, at, end):
            yield whole[plain:at], False
            yield span.text, True
            plain = end
        at = end
    yield whole[plain:], False


def _marks_work(text: str, start: int, end: int) -> bool:
    """Whether marks around `text[start:end]` make it bold."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return (not before or before.isspace() or before in _MAY_OPEN) and (
        not after or after.isspace() or after in _MAY_CLOSE
    )


# --- Links --------------------------------------------------------------------------------------------------


def link(url: str, label: str, limit: int, url_limit: int = _URL_LENGTH) -> str:
    """`<url|label>`, with at most `limit` characters of label; the label alone when the URL is longer than its limit.

    `url` comes from a view, and contains no `<`, `>`, `|` or space. The link may be within bold.
    """
    target = url.replace("&", "&amp;").replace("*", "%2A")
    shown = escape_within(label, limit)
    return f"<{target}|{shown}>" if len(target) <= url_limit else shown

"""A digest as Slack messages, and their posting through the Web API.

Owns Slack's markup, its limits, and what its errors mean. Refuses to know when to try again, and keeps
nothing: what was posted is found again by the delivery id in the message's metadata.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.errors import NotConfigured
from bot.model import Digest, Envelope, Later, Outcome, Part, Refused, Sent, Unknown
from bot.rendering import AuthorView, DigestView, PaperView, cut, digest_view, environment

API_URL = "https://slack.com/api/"
TIMEOUT = 30  # seconds
EVENT_TYPE = "paperboy_delivery"

# Slack takes 50 blocks and about 12,000 characters in all of them: 9,597 were accepted, 11,341 rejected
# with msg_blocks_too_long (https://github.com/slackapi/bolt-js/issues/2509).
MAX_BLOCKS = 45
MAX_CHARACTERS = 9_000
MAX_HEADER = 150
#: `text` is cut silently above 40,000 characters, and may be split from about 4,000 on (undocumented).
MAX_TEXT = 3_500
#: What a message may hold beside its papers: header, selection, and the notes at its end.
_FRAME_BLOCKS = 3
_FRAME_CHARACTERS = MAX_HEADER + 200 + 350
# One section holds 3,000 characters of markup; these are the shares of its pieces, escaped.
_TITLE_SHARE, _URL_SHARE, _AUTHORS_SHARE, _EXCERPT_SHARE = 800, 600, 900, 650
#: Characters of an abstract: a teaser, or none where that makes one message of several.
_EXCERPT_LENGTHS = (200, 0)
_CONTEXT_SHARE = 600

#: What apps get who are not in the Marketplace: 15 objects a request
#: (https://docs.slack.dev/apis/web-api/rate-limits).
_PAGE = 15
_MAX_PAGES = 40
#: The receiver's clock and ours differ, and the attempt is recorded before it is made.
_CLOCK_SLACK = timedelta(seconds=60)
#: slack_sdk logs what it also raises, header values included; outcomes say it once, without them.
_SDK_LOG = logging.getLogger("paperboy.slack_sdk")
_SDK_LOG.addHandler(logging.NullHandler())
_SDK_LOG.propagate = False
_CONVERSATION_ID = re.compile(r"[CGD][A-Z0-9]{2,}")


# --- What Slack's errors mean -----------------------------------------------------------------------------


class Kind(Enum):
    LATER = "not posted; trying again can help"
    REFUSED = "not posted; trying again cannot help"
    UNKNOWN = "may have been posted"


_TARGET = """invalid_auth not_authed account_inactive token_revoked token_expired missing_scope no_permission
    channel_not_found not_in_channel is_archived team_access_not_granted ekm_access_denied access_denied
    org_login_required user_not_found
    messages_tab_disabled enterprise_is_restricted not_allowed_token_type invalid_auth_type
    channel_type_not_supported cannot_reply_to_message thread_not_found invalid_thread_ts accesslimited
    two_factor_setup_required unknown_method deprecated_endpoint method_deprecated"""
_PAYLOAD = """invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text
    too_many_attachments metadata_must_be_sent_from_app metadata_too_large
    invalid_arguments invalid_arg_name invalid_array_arg invalid_json json_not_object invalid_post_type
    invalid_form_data invalid_charset markdown_text_conflict as_user_not_supported"""
_BUSY = (
    "ratelimited rate_limited message_limit_exceeded service_unavailable team_added_to_org request_timeout"
)
#: chat.postMessage's reference on fatal_error: "possible some aspect of the operation succeeded".
_AMBIGUOUS = "internal_error fatal_error"

#: Slack's error code -> what it says about the message. Codes that are not here may have posted it.
KINDS: Mapping[str, Kind] = (
    dict.fromkeys((*_TARGET.split(), *_PAYLOAD.split()), Kind.REFUSED)
    | dict.fromkeys(_BUSY.split(), Kind.LATER)
    | dict.fromkeys(_AMBIGUOUS.split(), Kind.UNKNOWN)
)
#: Families of codes that grow: restricted_action_read_only_channel, invalid_metadata_format ...
_REFUSING = ("restricted_action", "invalid_metadata_")
_CHECK = "check SLACK_BOT_TOKEN"
_HINTS: Mapping[str, str] = {
    "invalid_auth": _CHECK,
    "not_authed": _CHECK,
    "account_inactive": _CHECK,
    "token_revoked": _CHECK,
    "token_expired": _CHECK,
    "missing_scope": "the app needs the scope chat:write",
    "channel_not_found": "use the channel's id and invite the app to it",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "the channel is archived",
}
#: What slack_sdk and urllib let through. The last two are of answers that no Slack gives: JSON that is no
#: object, an unheard-of charset.
_FAILURES = (SlackClientError, OSError, HTTPException, ValueError, AttributeError, LookupError)


def outcome_of_error(error: Exception) -> Outcome:
    """What an exception of slack_sdk says about the message. Never quotes what could hold the token.

    urllib wraps in URLError only what fails until the request is written to its end (CPython's
    urllib/request.py, do_open): name, connection, certificate. What fails while waiting for the answer comes bare.
    """
    if isinstance(error, SlackApiError):
        return _outcome_of_answer(error.response)
    if isinstance(error, URLError):
        return Later(f"no connection to Slack: {_name(error.reason)}")
    return Unknown(f"the connection to Slack broke: {_name(error)}")


def _name(reason: object) -> str:
    """An error's class and, of the system's errors, its text, which is about addresses only."""
    text = reason.strerror if isinstance(reason, OSError) else None
    return f"{type(reason).__name__}{f' ({text})' if text else ''}"


def _outcome_of_answer(response: SlackResponse) -> Outcome:
    """The error code decides; without a known one, the HTTP status does."""
    status = int(response.status_code)
    body: Mapping[str, Any] = response.data if isinstance(response.data, dict) else {}
    code = _code(body)
    kind = Kind.REFUSED if code.startswith(_REFUSING) else KINDS.get(code) or _kind_of_status(status)
    hint = _HINTS.get(code, "is SLACK_API_URL right?" if status == 404 else "")
    why = (
        f"Slack says {code}" + (f" (HTTP {status})" if status != 200 else "") + (f": {hint}" if hint else "")
    )
    if kind is Kind.LATER:
        return Later(why, _retry_after(response.headers))
    return Refused(why) if kind is Kind.REFUSED else Unknown(why)


def _code(body: Mapping[str, Any]) -> str:
    """The error code; for what is no answer of Slack's, slack_sdk puts a text there that quotes it."""
    code = str(body.get("error", ""))
    return code if re.fullmatch(r"[a-z0-9_]{1,64}", code) else "nothing that Slack would"


def _kind_of_status(status: int) -> Kind:
    return Kind.LATER if 400 <= status < 500 else Kind.UNKNOWN


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds, of a header that any proxy may have written."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        seconds = float(text[0] if isinstance(text, list) else text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


# --- Markup -----------------------------------------------------------------------------------------------

_BREAK = "\u200b"  # zero-width space: shows nothing, and a marker next to it marks nothing
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """`text` as mrkdwn that shows it as written: no mention, no link, no bold, no emoji.

    Exactly `&`, `<` and `>` are escaped (https://api.slack.com/reference/surfaces/formatting). There is no
    escape for `*_~` and backticks, nor for `:name:`; zero-width breaks around them keep them from working,
    and one at the start keeps `>` from being a quotation.
    """
    plain = text.replace(_BREAK, "").replace("\n", " ")
    shown = re.sub(r"[&<>]", lambda match: _ESCAPES[match[0]], plain)
    shown = re.sub(r"[*_~`]+", lambda match: f"{_BREAK}{_BREAK.join(match[0])}{_BREAK}", shown)
    shown = re.sub(r":(?=[\w+'-]+:)", f":{_BREAK}", shown)
    return _BREAK + shown if plain.startswith(">") else shown


def escaped_within(text: str, share: int) -> str:
    """`text` escaped, and cut before escaping so that no more than `share` characters result."""
    length = min(len(text), share)
    shown = escaped(cut(text, length)) if length else ""
    while size(shown) > share:
        length = min(length - 1, length * share // size(shown))
        shown = escaped(cut(text, length)) if length else ""
    return shown


def size(text: str) -> int:
    """Length as JavaScript counts it: emoji are two, so that nothing is over a limit either way."""
    return len(text.encode("utf-16-le")) // 2


def link(url: str, label: str, share: int) -> str:
    """`<url|label>`, or the label alone when the URL would not fit. `|` in a label means nothing to Slack."""
    target = escaped_url(url)
    shown = escaped_within(label, share)
    return f"<{target}|{shown}>" if len(target) <= _URL_SHARE else shown


def escaped_url(url: str) -> str:
    """A URL of a view, which is free of `<`, `>`, `|` and spaces, inside a link."""
    return url.replace("&", "&amp;")


# --- Blocks -----------------------------------------------------------------------------------------------

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One paper's blocks, which stay together."""

    paper: PaperView
    blocks: tuple[Block, ...]
    size: int  #: characters of their texts


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _markup(text: str) -> Block:
    """`verbatim` keeps Slack from making links of what looks like a URL, a channel or a name."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _context(element: Block) -> Block:
    return {"type": "context", "elements": [element]}


def _piece(paper: PaperView, excerpt_length: int) -> _Piece:
    section, reasons = _section(paper, excerpt_length), _reasons(paper)
    blocks = ({"type": "section", "text": _markup(section)}, _context(_markup(reasons)))
    return _Piece(paper, blocks, size(section) + size(reasons))


def _section(paper: PaperView, excerpt_length: int) -> str:
    """Bold linked title, authors, the abstract's beginning: a line each."""
    title = (
        (link(paper.url, paper.title, _TITLE_SHARE))
        if paper.url
        else escaped_within(paper.title, _TITLE_SHARE)
    )
    authors = _authors(paper)
    excerpt = escaped_within(cut(paper.excerpt, excerpt_length), _EXCERPT_SHARE) if excerpt_length else ""
    return "\n".join(line for line in (f"*{paper.rank}. {title}*", authors, excerpt) if line)


def _authors(paper: PaperView) -> str:
    share = _AUTHORS_SHARE // (len(paper.authors) + 1)
    names = [_author(author, share) for author in paper.authors]
    return ", ".join([*names, paper.more] if paper.more else names)


def _author(author: AuthorView, share: int) -> str:
    name = escaped_within(author.name, share - len("*★ *, "))
    return f"*★ {name}*" if author.followed else name


def _reasons(paper: PaperView) -> str:
    """Relevance, why, where, what readers did, and the other pages, on one small line."""
    facts = [paper.relevance]
    if paper.reasons:
        facts.append(escaped_within(", ".join(paper.reasons), _CONTEXT_SHARE))
    facts += [escaped_within(about, _CONTEXT_SHARE // 3) for about in paper.about]
    facts += paper.echo
    facts += [link(page.url, page.label, 40) for page in paper.links]
    return " · ".join(facts)


def _messages(view: DigestView) -> tuple[tuple[_Piece, ...], ...]:
    """The papers of each message: one message when that can be had, else with what there is to say."""
    ways = (tuple(_packed([_piece(p, length) for p in view.papers])) for length in _EXCERPT_LENGTHS)
    longest, *shorter = ways
    return next((way for way in (longest, *shorter) if len(way) == 1), longest)


def _packed(pieces: Sequence[_Piece]) -> Iterator[tuple[_Piece, ...]]:
    """The papers in order, as many in each message as its limits allow; at least one message."""
    taken: list[_Piece] = []
    blocks, characters = _FRAME_BLOCKS, _FRAME_CHARACTERS
    for piece in pieces:
        full = blocks + len(piece.blocks) > MAX_BLOCKS or characters + piece.size > MAX_CHARACTERS
        if taken and full:
            yield tuple(taken)
            taken, blocks, characters = [], _FRAME_BLOCKS, _FRAME_CHARACTERS
        taken.append(piece)
        blocks, characters = blocks + len(piece.blocks), characters + piece.size
    yield tuple(taken)


def _blocks(view: DigestView, pieces: Sequence[_Piece], part: int, parts: int) -> list[Block]:
    """A whole message; the header opens the first one and the notes close the last one."""
    blocks: list[Block] = []
    if part == 1:
        blocks += [{"type": "header", "text": _plain(cut(f"Paperboy · {view.day}", MAX_HEADER))}]
    blocks += [_context(_plain(_selection(view, part, parts)))]
    blocks += [block for piece in pieces for block in piece.blocks]
    if part == parts:
        blocks += [_context(_plain(_notes(view)))]
    return blocks


def _selection(view: DigestView, part: int, parts: int) -> str:
    selection = f"{view.selection} for {cut(view.profile, 80)}"
    nothing = "" if view.papers else " · No paper reached your threshold."
    return selection + nothing + (f" · part {part} of {parts}" if parts > 1 else "")


def _notes(view: DigestView) -> str:
    star = "★ an author you follow. " if view.followed else ""
    share = "The percentage is the share of the last 90 days’ papers that match you less."
    return f"{star}{share} To change what you get, edit {cut(view.settings, 120)}."


def _text(view: DigestView, pieces: Sequence[_Piece], part: int, parts: int) -> str:
    template = environment().get_template("digest.slack.j2")
    shown: Callable[[str], str] = escaped
    papers = [piece.paper for piece in pieces]
    text = template.render(digest=view, papers=papers, part=part, parts=parts, shown=shown, cut=cut).strip()
    return text if size(text) <= MAX_TEXT else escaped(f"Paperboy: {view.day}, {view.selection}")


def _payload(blocks: list[Block], text: str, delivery: str) -> bytes:
    """chat.postMessage's arguments but for where to. The metadata is readable by every app of the workspace
    (https://api.slack.com/methods/chat.scheduleMessage): it holds an opaque id and nothing else.
    """
    arguments = {
        "blocks": blocks,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"delivery": delivery}},
        "text": text,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return json.dumps(arguments, ensure_ascii=False, sort_keys=True).encode()


# --- The channel ------------------------------------------------------------------------------------------


def api_base(url: str | None) -> str:
    """The Web API's base URL, ended by a slash as slack_sdk wants it; a bare host gets Slack's own path."""
    if not url or not url.strip():
        return API_URL
    base = url.strip().rstrip("/")
    return f"{base}/" if urlsplit(base).path else f"{base}/api/"


class SlackChannel:
    """Posts as the app whose bot token it is given; `target` is a channel's id, or `#name`."""

    name = "slack"

    def __init__(self, token: str | None, api_url: str | None = None, *, timeout: int = TIMEOUT) -> None:
        self._token = (token or "").strip()
        self._base = api_base(api_url)
        self._timeout = timeout

    def check(self) -> None:
        if problem := self._problem():
            raise NotConfigured(problem)

    def _problem(self) -> str | None:
        if not self._token:
            return "Slack is not configured: set SLACK_BOT_TOKEN"
        if not re.fullmatch(r"[\x21-\x7e]+", self._token):
            return "SLACK_BOT_TOKEN holds characters that no token has"
        parts = urlsplit(self._base)
        return (
            None if parts.scheme in {"http", "https"} and parts.netloc else "SLACK_API_URL is no http(s) URL"
        )

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        view = digest_view(digest)
        groups = _messages(view)
        return tuple(
            Part(
                _payload(
                    _blocks(view, group, part, len(groups)),
                    _text(view, group, part, len(groups)),
                    f"{delivery}-{part}",
                ),
                len(group),
            )
            for part, group in enumerate(groups, start=1)
        )

    def send(self, envelope: Envelope) -> Outcome:
        if problem := self._problem():
            return Refused(problem)
        channel, _, thread = (envelope.thread or "").partition(":")
        arguments = json.loads(envelope.payload) | {"channel": channel or envelope.target}
        if thread:
            arguments["thread_ts"] = thread
        try:
            answer = self._client().chat_postMessage(**arguments)
        except _FAILURES as error:
            return outcome_of_error(error)
        return Sent(f"{answer.get('channel') or envelope.target}:{answer.get('ts') or ''}")

    def find(self, envelope: Envelope) -> Sent | None:
        """Reads the channel's history, or the thread, back to a minute before the first attempt.

        Needs the scopes channels:history, groups:history or im:history, and the target's id.
        """
        channel, _, thread = (envelope.thread or f"{envelope.target}:").partition(":")
        if self._problem() or not _CONVERSATION_ID.fullmatch(channel):
            raise LookupError("Slack looks messages up by a channel's id only, and with a token")
        try:
            return self._found(envelope, channel, thread)
        except LookupError:
            raise
        except SlackApiError as error:
            raise LookupError(_why_unread(error.response)) from None
        except _FAILURES as error:
            raise LookupError(f"no answer of Slack: {type(error).__name__}") from None

    def _found(self, envelope: Envelope, channel: str, thread: str) -> Sent | None:
        """A history comes newest first. Its newest page is read whatever `started` is, as clocks differ;
        for the same reason `oldest` is compared here and not left to Slack.
        """
        oldest = (envelope.started - _CLOCK_SLACK).timestamp()
        for messages in self._pages(channel, thread):
            for message in messages:
                if _delivery(message) == envelope.delivery:
                    return Sent(f"{channel}:{message['ts']}")
            if not thread and messages and float(messages[-1]["ts"]) < oldest:
                return None
        return None

    def _pages(self, channel: str, thread: str) -> Iterator[list[dict[str, Any]]]:
        """Raises LookupError rather than stop before the end: absent must mean absent."""
        client, cursor = self._client(), ""
        read = client.conversations_replies if thread else client.conversations_history
        where: dict[str, Any] = {"channel": channel, "ts": thread} if thread else {"channel": channel}
        for _ in range(_MAX_PAGES):
            page = read(**where, include_all_metadata=True, limit=_PAGE, cursor=cursor or None)
            yield page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise LookupError(f"not among the newest {_MAX_PAGES * _PAGE} messages of {channel}")

    def _client(self) -> WebClient:
        """Without retry handlers: the default one posts again when a connection drops (measured)."""
        client = WebClient(
            self._token, base_url=self._base, timeout=self._timeout, retry_handlers=[], logger=_SDK_LOG
        )
        client.proxy = None  # slack_sdk ignores NO_PROXY; urllib, left alone, obeys all of these variables
        return client


def _why_unread(response: SlackResponse) -> str:
    code = _code(response.data if isinstance(response.data, dict) else {})
    scopes = (
        ": the app needs channels:history, groups:history or im:history" if code == "missing_scope" else ""
    )
    return f"Slack says {code}{scopes}"


def _delivery(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return payload.get("delivery") if metadata.get("event_type") == EVENT_TYPE else None

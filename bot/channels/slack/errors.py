"""What Slack's answers and slack_sdk's exceptions say about a message.

Owns the meaning of every error code. Refuses to know what was sent, and when to try again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import Enum
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.delivery.model import Cause, Deferred, Outcome, Refused, Unknown


class Kind(Enum):
    SERVICE = "not posted, nor will be anything with this token"
    TARGET = "not posted, nor will be anything to this channel"
    THREAD = "not posted: the thread is not there any more"
    PAYLOAD = "not posted: something simpler may be"
    LATER = "not posted; trying again can help"
    UNKNOWN = "may have been posted"


_SERVICE = """invalid_auth not_authed account_inactive token_revoked token_expired org_login_required
    not_allowed_token_type invalid_auth_type accesslimited two_factor_setup_required unknown_method
    deprecated_endpoint method_deprecated"""
_TARGET = """missing_scope no_permission channel_not_found not_in_channel is_archived team_access_not_granted
    ekm_access_denied access_denied user_not_found messages_tab_disabled enterprise_is_restricted
    channel_type_not_supported"""
_THREAD = "cannot_reply_to_message thread_not_found invalid_thread_ts"
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
KINDS: Mapping[str, Kind] = {
    code: kind
    for codes, kind in (
        (_SERVICE, Kind.SERVICE),
        (_TARGET, Kind.TARGET),
        (_THREAD, Kind.THREAD),
        (_PAYLOAD, Kind.PAYLOAD),
        (_BUSY, Kind.LATER),
        (_AMBIGUOUS, Kind.UNKNOWN),
    )
    for code in codes.split()
}
#: Families of codes that grow: restricted_action_read_only_channel, invalid_metadata_format ...
_FAMILIES: Mapping[str, Kind] = {"restricted_action": Kind.TARGET, "invalid_metadata_": Kind.PAYLOAD}
_BLAMES: Mapping[Kind, Cause] = {
    Kind.SERVICE: Cause.SERVICE,
    Kind.TARGET: Cause.TARGET,
    Kind.THREAD: Cause.MESSAGE,
    Kind.PAYLOAD: Cause.MESSAGE,
}
_CHECK = "check SLACK_BOT_TOKEN"
_HINTS: Mapping[str, str] = {
    "invalid_auth": _CHECK,
    "not_authed": _CHECK,
    "account_inactive": _CHECK,
    "token_revoked": _CHECK,
    "token_expired": _CHECK,
    "missing_scope": "the app needs the scope chat:write",
    "channel_not_found": "use the channel's id (a #name needs the scopes channels:read and groups:read), and invite "
    "the app to it",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "the channel is archived",
    "thread_not_found": "somebody deleted the digest's first message",
}
#: What slack_sdk and urllib let through. The last two are of answers that no Slack gives: JSON that is no
#: object, an unheard-of charset.
FAILURES = (SlackClientError, OSError, HTTPException, ValueError, AttributeError, LookupError)


class Classified(NamedTuple):
    """What an answer, or the want of one, says about a message."""

    outcome: Outcome
    kind: Kind | None = None  #: of an answer
    code: str = ""  #: Slack's, of an answer


def classify_error(error: Exception) -> Classified:
    """What an exception of slack_sdk says about the message. Never quotes what could hold the token.

    urllib wraps in URLError only what fails until the request is written to its end (CPython's
    urllib/request.py, do_open): name, connection, certificate. What fails while waiting for the answer comes bare.
    """
    if isinstance(error, SlackApiError):
        return _judged_answer(error.response)
    if isinstance(error, URLError):
        return Classified(Deferred(f"no connection to Slack: {_name(error.reason)}", cause=Cause.SERVICE))
    return Classified(Unknown(f"the connection to Slack broke: {_name(error)}"))


def _name(reason: object) -> str:
    """An error's class and, of the system's errors, its text, which is about addresses only."""
    text = reason.strerror if isinstance(reason, OSError) else None
    return f"{type(reason).__name__}{f' ({text})' if text else ''}"


def _judged_answer(response: SlackResponse) -> Classified:
    """The error code decides; without a known one, the HTTP status does."""
    status = int(response.status_code)
    code = _code_of(response)
    kind = _kind(code) or _kind_of_status(status)
    hint = _HINTS.get(code, "is SLACK_API_URL right?" if status == 404 else "")
    why = (
        f"Slack says {code}" + (f" (HTTP {status})" if status != 200 else "") + (f": {hint}" if hint else "")
    )
    if kind is Kind.LATER:
        return Classified(Deferred(why, _retry_after(response.headers)), kind, code)
    return Classified(Refused(why, _BLAMES[kind]) if kind in _BLAMES else Unknown(why), kind, code)


def _kind(code: str) -> Kind | None:
    families = (kind for family, kind in _FAMILIES.items() if code.startswith(family))
    return KINDS.get(code) or next(families, None)


def _code_of(response: SlackResponse) -> str:
    """The error code; for what is no answer of Slack's, slack_sdk puts a text there that quotes it."""
    body: Mapping[str, Any] = response.data if isinstance(response.data, dict) else {}
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


def why_unread(response: SlackResponse) -> str:
    code = _code_of(response)
    scopes = (
        ": the app needs channels:history, groups:history or im:history" if code == "missing_scope" else ""
    )
    return f"Slack says {code}{scopes}"

"""What Slack's answers and slack_sdk's exceptions mean for a message."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import Enum
from http.client import HTTPException
from typing import Any, NamedTuple, cast
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.delivery.model import Cause, Deferred, Outcome, Refused, Unknown
from bot.delivery.ports import NoAnswer


class Kind(Enum):
    SERVICE = "not posted, and nothing else will be with this token"
    TARGET = "not posted, and nothing else will be to this channel"
    THREAD = "not posted: the thread does not exist any more"
    PAYLOAD = "not posted: a simpler message may be"
    LATER = "not posted; trying again can help"
    UNKNOWN = "may have been posted"


_CODES: Mapping[Kind, str] = {
    Kind.SERVICE: """invalid_auth not_authed account_inactive token_revoked token_expired org_login_required
        not_allowed_token_type invalid_auth_type accesslimited two_factor_setup_required unknown_method
        deprecated_endpoint method_deprecated""",
    Kind.TARGET: """missing_scope no_permission channel_not_found not_in_channel is_archived
        team_access_not_granted ekm_access_denied access_denied user_not_found messages_tab_disabled
        enterprise_is_restricted channel_type_not_supported""",
    Kind.THREAD: "cannot_reply_to_message thread_not_found invalid_thread_ts",
    Kind.PAYLOAD: """invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text
        too_many_attachments metadata_must_be_sent_from_app metadata_too_large
        invalid_arguments invalid_arg_name invalid_array_arg invalid_json json_not_object invalid_post_type
        invalid_form_data invalid_charset markdown_text_conflict as_user_not_supported""",
    Kind.LATER: """ratelimited rate_limited message_limit_exceeded service_unavailable team_added_to_org
        request_timeout""",
    #: chat.postMessage's reference on fatal_error: "possible some aspect of the operation succeeded".
    Kind.UNKNOWN: "internal_error fatal_error",
}
#: By Slack's error code. With a code that is not here the message may have been posted.
_KINDS: Mapping[str, Kind] = {code: kind for kind, codes in _CODES.items() for code in codes.split()}
#: Beginnings of codes to which Slack adds: restricted_action_read_only_channel, invalid_metadata_format ...
_PREFIXES: Mapping[str, Kind] = {"restricted_action": Kind.TARGET, "invalid_metadata_": Kind.PAYLOAD}
#: Of refusals.
_CAUSES: Mapping[Kind, Cause] = {
    Kind.SERVICE: Cause.SERVICE,
    Kind.TARGET: Cause.TARGET,
    Kind.THREAD: Cause.MESSAGE,
    Kind.PAYLOAD: Cause.MESSAGE,
}
_CHECK_TOKEN = "check SLACK_BOT_TOKEN"  # noqa: S105 - advice, not a token
#: What to do, by Slack's error code.
HINTS: Mapping[str, str] = {
    "invalid_auth": _CHECK_TOKEN,
    "not_authed": _CHECK_TOKEN,
    "account_inactive": _CHECK_TOKEN,
    "token_revoked": _CHECK_TOKEN,
    "token_expired": _CHECK_TOKEN,
    "missing_scope": "the app needs the scope chat:write",
    "channel_not_found": "use the channel's id (a #name needs the scopes channels:read and groups:read), and invite "
    "the app to it",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "the channel is archived",
    "thread_not_found": "the digest's first message was deleted",
}
#: What slack_sdk and urllib raise. The last four are for JSON that is not as Slack's: not an object, without a key,
#: with a value of another type, nested without end.
FAILURES = (
    SlackClientError,
    OSError,
    HTTPException,
    ValueError,
    AttributeError,
    LookupError,
    TypeError,
    RecursionError,
)


class Classified(NamedTuple):
    """What an answer, or its absence, means for a message."""

    outcome: Outcome
    kind: Kind | None = None  #: of an answer
    code: str = ""  #: Slack's error code; empty when there is none


def classify_error(error: Exception) -> Classified:
    """What an exception of slack_sdk means. Never quotes what could contain the token.

    urllib wraps in URLError only what fails before the request is written completely (CPython's urllib/request.py,
    do_open): name, connection, certificate. What fails while waiting for the answer is not wrapped.
    """
    if isinstance(error, SlackApiError):
        return _classify_answer(error.response)
    if isinstance(error, URLError):
        return Classified(
            Deferred(f"no connection to Slack: {_system_error(error.reason)}", cause=Cause.SERVICE)
        )
    return Classified(Unknown(f"the connection to Slack broke: {_system_error(error)}"))


def describe(error: Exception) -> str:
    """What an exception of slack_sdk means, as text."""
    return getattr(classify_error(error).outcome, "why", "")


def read_error(error: Exception) -> LookupError:
    """Why messages could not be read; NoAnswer when it may help to ask again at once, and does not take long."""
    if isinstance(error, SlackApiError):
        why, kind = _says(error.response), _classify_answer(error.response).kind
        if _error_code(error.response) == "missing_scope":
            why += ": the app needs channels:history, groups:history or im:history"
        return NoAnswer(why) if kind is Kind.UNKNOWN else LookupError(why)
    if type(error) in (LookupError, NoAnswer):  # the channel's own
        return cast(LookupError, error)
    reason = error.reason if isinstance(error, URLError) else error
    why = f"no usable answer from Slack: {_system_error(reason)}"
    return LookupError(why) if isinstance(reason, TimeoutError) else NoAnswer(why)


def _system_error(reason: object) -> str:
    """An error's class and, for the system's errors, its text, which is about addresses only."""
    text = reason.strerror if isinstance(reason, OSError) else None
    return f"{type(reason).__name__}{f' ({text})' if text else ''}"


def _classify_answer(response: SlackResponse) -> Classified:
    """By the error code; without a known one, by the HTTP status."""
    status, code = int(response.status_code), _error_code(response)
    if 300 <= status < 400:
        return Classified(Deferred(_says(response), cause=Cause.SERVICE), Kind.LATER)
    by_prefix = (kind for prefix, kind in _PREFIXES.items() if code.startswith(prefix))
    kind = _KINDS.get(code) or next(by_prefix, Kind.LATER if 400 <= status < 500 else Kind.UNKNOWN)
    hint = HINTS.get(code, "is SLACK_API_URL right?" if status == 404 else "")
    why = _says(response) + (f": {hint}" if hint else "")
    if kind is Kind.LATER:
        return Classified(Deferred(why, _retry_after(response.headers)), kind, code)
    return Classified(Refused(why, _CAUSES[kind]) if kind in _CAUSES else Unknown(why), kind, code)


def _error_code(response: SlackResponse) -> str:
    """Empty for an answer that is not Slack's: for it slack_sdk puts a text there that quotes the answer."""
    body: Mapping[str, Any] = response.data if isinstance(response.data, dict) else {}
    code = str(body.get("error", ""))
    return code if re.fullmatch(r"[a-z0-9_]{1,64}", code) else ""


def _says(response: SlackResponse) -> str:
    code, status = _error_code(response), int(response.status_code)
    if 300 <= status < 400:
        return f"the answer is a redirect (HTTP {status}), which is not followed: is SLACK_API_URL right?"
    says = f"Slack says {code}" if code else "the answer is not from Slack's API"
    return says if status == 200 else f"{says} (HTTP {status})"


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds, from a header that any proxy may have written."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        seconds = float(text[0] if isinstance(text, list) else text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None

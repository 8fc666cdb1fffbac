"""Asks Slack about the token and about conversations, without posting anything."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.channels.slack.errors import FAILURES, HINTS, classify_error
from bot.channels.slack.names import ChannelIds, is_conversation_id
from bot.delivery.model import Cause, Deferred, Refused
from bot.delivery.ports import Probe
from bot.text.plain import one_line, quote

#: The scopes of docs/slack-manifest.yaml besides chat:write: for names, users, and looking up lost answers.
_MORE_SCOPES = (
    "channels:read",
    "groups:read",
    "channels:history",
    "groups:history",
    "im:history",
    "im:write",
)


def probe_token(client: WebClient) -> Probe:
    """Ask whose the token is. Its scopes come with the answer."""
    try:
        answer = client.auth_test()
    except FAILURES as error:
        return Probe("", _problem(error))
    scopes = _scopes(answer)
    if scopes and "chat:write" not in scopes:
        why = "the app lacks the scope chat:write: add it, and install the app again"
        return Probe("", Refused(why, Cause.SERVICE))
    note = (
        f"the token is for {quote(str(answer.get('user')))} in the workspace {quote(str(answer.get('team')))}"
    )
    if scopes and (lacking := [scope for scope in _MORE_SCOPES if scope not in scopes]):
        note += f", without the scopes {', '.join(lacking)} of docs/slack-manifest.yaml"
    return Probe("", note=note)


def probe_conversation(target: str, ids: ChannelIds, client: WebClient) -> Probe:
    """Ask whether the app can post to a conversation that is given by id, name or user."""
    try:
        id_ = ids.ask(target, client)
        if not is_conversation_id(id_):
            return Probe(
                target, Refused(f"Slack knows no such channel: {HINTS['channel_not_found']}", Cause.TARGET)
            )
        if id_ != target and id_.startswith("D"):  # the conversation with a user was opened just now
            return Probe(target)
        answer = client.conversations_info(channel=id_)
        channel = answer["channel"]
    except FAILURES as error:
        if classify_error(error).code == "missing_scope":
            needed = "im:read" if target.startswith("D") else "channels:read and groups:read"
            return Probe(target, note=f"it cannot be checked without the scopes {needed}")
        return Probe(target, _problem(error))
    is_open = "chat:write.public" in _scopes(answer) and not channel.get("is_private")
    if channel.get("is_archived"):
        return Probe(target, Refused(HINTS["is_archived"], Cause.TARGET))
    if not channel.get("is_member", True) and not is_open:
        return Probe(target, Refused(f"the app is not a member: {HINTS['not_in_channel']}", Cause.TARGET))
    return Probe(target, note=one_line(f"#{channel['name']}") if channel.get("name") else "")


def probe_app_token(client: WebClient, app_token: str) -> Probe:
    """Ask whether the token opens a socket. The address in the answer is not used, and expires."""
    try:
        client.apps_connections_open(app_token=app_token)
    except FAILURES as error:
        return Probe("", app_token_problem(error))
    return Probe("", note="SLACK_APP_TOKEN opens a socket")


def app_token_problem(error: Exception) -> Deferred | Refused:
    """Why no socket was opened."""
    problem, code = _problem(error), classify_error(error).code
    if not isinstance(problem, Refused):
        return problem
    hint = "it needs the scope connections:write" if code == "missing_scope" else "check SLACK_APP_TOKEN"
    return Refused(
        f"Slack says {code}: {hint}, and that Socket Mode is on (docs/slack-manifest.yaml)", problem.cause
    )


def _problem(error: Exception) -> Deferred | Refused:
    outcome = classify_error(error).outcome
    return outcome if isinstance(outcome, Deferred | Refused) else Deferred(getattr(outcome, "why", ""))


def _scopes(answer: SlackResponse) -> set[str]:
    """The scopes that the token has; none when the answer does not say."""
    text = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
    return {scope.strip() for scope in text.split(",") if scope.strip()}

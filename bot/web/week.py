"""The effect of a change of a profile on the last days' digests: expensive, so bounded per person and in all."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.exceptions import Conflict

from bot.profiles.model import Profile
from bot.web.access import client_network, current_person, person
from bot.web.effect_view import WeekView, week_view
from bot.web.limits import expensive, limiter
from bot.web.services import services

#: The newest request of each person; older ones end.
_newest: dict[str, object] = {}


def _who() -> str:
    found = current_person()
    return found.name if found else client_network()


#: Decorate pages with such an effect, and what a person asks for with a button. `editor.js` asks at most 50 times a
#: minute while somebody types. A whole lab may be behind one address.
often = limiter.shared_limit("60 per minute", scope="effect", key_func=_who)
by_button = limiter.limit("30 per minute", key_func=_who)


def week_of(before: Profile, after: Profile) -> WeekView:
    """What the second version of a profile changes in the digests of the last days. This imports numpy and scipy.

    Raises ServiceUnavailable when too many ask at once, and Conflict when the person asks again meanwhile.
    """
    who, ticket = person().name, object()
    _newest[who] = ticket

    def step() -> None:
        if _newest[who] is not ticket:
            raise Conflict("You asked again meanwhile.")

    return _week(before, after, step)


@expensive
def _week(before: Profile, after: Profile, step: Callable[[], None]) -> WeekView:
    step()  # it may have waited
    return week_view(*services().recent_digests((before, after), services().clock(), step))

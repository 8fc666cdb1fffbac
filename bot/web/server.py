"""The HTTP server of the web process: waitress, behind a proxy that does TLS. Knows nothing of what it serves.

It writes no line for a request: an address holds a token.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn
from wsgiref.types import WSGIApplication

from bot.errors import NotConfigured, UserError

#: Bytes of a request's body that are taken at all; one click is 26, or some 200 as a form.
LARGEST_BODY = 1024 * 1024


def serve(application: WSGIApplication, host: str, port: int, told: Callable[[str], None]) -> None:
    """Blocks until SIGTERM or SIGINT, then lets requests under way end; `told` hears where it answers.

    Raises NotConfigured without waitress, and UserError when it cannot listen there.
    """
    server = _listening(application, host, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of any two requests at once
    told(f"answers on {', '.join(_addresses(server))}")
    server.run()
    server.close()


def _listening(application: WSGIApplication, host: str, port: int) -> Any:
    try:
        import waitress
    except ModuleNotFoundError:
        raise NotConfigured("the web process needs waitress: pip install waitress") from None
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return waitress.create_server(application, listen=where, ident="", max_request_body_size=LARGEST_BODY)
    except (OSError, ValueError) as error:  # ValueError for a host that nobody knows
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot listen on {where}: {why}; choose another --host or --port") from None


def _addresses(server: Any) -> list[str]:
    """One for each socket: `localhost` has two."""
    pairs = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}" for host, port in pairs]


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)  # waitress's own way to end its loop

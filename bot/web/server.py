"""The HTTP server of the web process: waitress, behind a proxy that does TLS. It does not depend on what it serves.

It logs no requests, because their addresses contain tokens.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn
from wsgiref.types import WSGIApplication

from bot.errors import NotConfigured, UserError


def serve(application: WSGIApplication, host: str, port: int, log: Callable[[str], None]) -> None:
    """Blocks until SIGTERM or SIGINT, then finishes the requests in progress. `log` gets the addresses.

    Raises NotConfigured without waitress, and UserError when it cannot listen on the port.
    """
    server = _create_server(application, host, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every two requests at once
    log(f"answers on {', '.join(_address(*pair) for pair in server.effective_listen)}")  # `localhost` has two
    server.run()


def _create_server(application: WSGIApplication, host: str, port: int) -> Any:
    try:
        import waitress  # noqa: F401
    except ModuleNotFoundError:
        raise NotConfigured("the web process needs waitress: pip install waitress") from None
    from bot.web.slow_clients import create_server

    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return create_server(application, where)
    except (OSError, ValueError) as error:  # ValueError: an unknown host
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot listen on {where}: {why}; choose another --host or --port") from None


def _address(host: str, port: str) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)  # how waitress ends its loop

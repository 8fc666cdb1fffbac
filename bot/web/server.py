"""The HTTP server of the web process: waitress, behind a proxy that does TLS. It does not depend on what it serves.

It logs no requests, because their addresses contain tokens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from bot.errors import NotConfigured, UserError


def serve(
    application: WSGIApplication,
    host: str,
    port: int,
    log: Callable[[str], None],
    is_stopping: Callable[[], bool],
) -> None:
    """Blocks until the process is asked to stop, then finishes the requests in progress. `log` gets the addresses.

    Raises NotConfigured without waitress, and UserError when it cannot listen on the port.
    """
    _listen(application, host, port, log, is_stopping).run()


def serve_beside(application: WSGIApplication, host: str, port: int, log: Callable[[str], None]) -> None:
    """As `serve`, in a thread that does not keep the process from ending. The port is that of --metrics-port."""
    server = _listen(application, host, port, log, lambda: False, "--metrics-port")
    threading.Thread(target=server.run, daemon=True).start()


def _listen(
    application: WSGIApplication,
    host: str,
    port: int,
    log: Callable[[str], None],
    is_stopping: Callable[[], bool],
    options: str = "--host or --port",
) -> Any:
    server = _create_server(application, host, port, is_stopping, options)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every two requests at once
    log(f"answers on {', '.join(_address(*pair) for pair in server.effective_listen)}")  # `localhost` has two
    return server


def _create_server(
    application: WSGIApplication, host: str, port: int, is_stopping: Callable[[], bool], options: str
) -> Any:
    try:
        import waitress  # noqa: F401
    except ModuleNotFoundError:
        raise NotConfigured("the web process needs waitress: pip install waitress") from None
    from bot.web.slow_clients import create_server

    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return create_server(application, where, is_stopping=is_stopping)
    except (OSError, ValueError) as error:  # ValueError: an unknown host
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot listen on {where}: {why}; choose another {options}") from None


def _address(host: str, port: str) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

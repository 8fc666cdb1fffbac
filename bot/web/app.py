"""The web application: Flask, its security headers, its error pages, and the pages of each part."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, render_template
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from bot.errors import PaperboyError
from bot.presentation.templates import environment
from bot.resources import resource_folder
from bot.web import digest_pages, login_pages
from bot.web.access import current_person
from bot.web.login import SESSION_LASTS
from bot.web.services import Services, connect, services
from bot.web.slow_clients import LARGEST_BODY

#: No inline script or style, nothing of another host.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(used: Services) -> Flask:
    """The pages of readers and operators."""
    folder = resource_folder("templates") / "web"
    app = Flask(
        "paperboy", template_folder=folder, static_folder=folder / "static", static_url_path="/static"
    )
    is_https = used.public_url.startswith("https:")
    app.config.update(
        SECRET_KEY=used.secret,
        SESSION_COOKIE_NAME="paperboy",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        PERMANENT_SESSION_LIFETIME=SESSION_LASTS,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {name: environment().filters[name] for name in ("sentence", "starred")}
    app.jinja_env.globals["current_person"] = current_person
    connect(app.extensions, used)
    CSRFProtect(app)
    for part in (login_pages, digest_pages):
        app.register_blueprint(part.pages)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(PaperboyError, _failed)
    return app


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Robots-Tag", "noindex")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if not response.cache_control:
        response.cache_control.no_store = True
    return response


def _error_page(error: HTTPException) -> tuple[str, int]:
    return render_template("error.html.j2", name=error.name, text=error.description), error.code or 500


def _failed(error: PaperboyError) -> tuple[str, int]:
    services().log(f"a page could not be shown: {error}")
    return render_template("error.html.j2", name="Please try again later", text=""), 503


class Front:
    """The whole site: the links in mails, which need neither cookie nor session, and the application.

    The application is below the path of PUBLIC_URL, whether a proxy removes that path or keeps it.
    """

    def __init__(self, links: WSGIApplication, app: WSGIApplication, public_url: str) -> None:
        """`links`: answers `/unsubscribe/TOKEN` and `/health` below any prefix."""
        self._links = links
        self._app = app
        self._prefix = urlsplit(public_url).path.rstrip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        *_, folder, name = ("", "", *path.split("/"))
        if name == "health" or (folder == "unsubscribe" and name):
            return self._links(environ, start_response)
        if self._prefix and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            path = path.removeprefix(self._prefix)
        environ |= {"SCRIPT_NAME": self._prefix, "PATH_INFO": path or "/"}
        return self._app(environ, start_response)

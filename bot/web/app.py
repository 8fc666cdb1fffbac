"""The web application: Flask, its security headers, its error pages, and the pages of each part."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, abort, current_app, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable

from bot.errors import PaperboyError
from bot.presentation.templates import environment
from bot.resources import resource_folder
from bot.text.plain import one_line, pluralize
from bot.web import (
    answer_pages,
    answers,
    citation_pages,
    digest_pages,
    editor_pages,
    feed_pages,
    learned_pages,
    login_pages,
    paper_pages,
    status_pages,
    subscription_pages,
)
from bot.web.access import EDITOR, current_person
from bot.web.limits import RETRY_AFTER, limiter
from bot.web.login import SESSION_LASTS, local_path
from bot.web.monitor import MonitorPages
from bot.web.pages import HTTPS_ONLY
from bot.web.services import Services, connect, services
from bot.web.slow_clients import LARGEST_BODY

#: No inline script or style, nothing of another host.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: Most bytes of a form without a profile's text, and most fields of any form: a digest of 100 papers has 202.
_LARGEST_FORM, _MOST_FIELDS = 64 * 1024, 1000
#: The modules with the pages.
_PARTS = (
    login_pages,
    digest_pages,
    paper_pages,
    answers,
    answer_pages,
    feed_pages,
    citation_pages,
    subscription_pages,
    editor_pages,
    learned_pages,
    status_pages,
)

#: What error pages say, in plain words.
_ERRORS = {
    400: ("This request cannot be understood", "Go back, load the page again, and repeat what you did."),
    401: ("You are logged out", ""),
    403: ("This is not allowed", ""),
    404: ("There is no such page", "It does not exist, or it is not yours."),
    405: ("This address is not a page", "Go back, and use the page's buttons."),
    413: ("This is too large", "The text of a profile may have 256 KB, and other forms 64 KB."),
    429: ("Too many requests", "Wait, and try again."),
    500: ("Something went wrong", "It is a mistake in Paperboy, and it is in the log."),
    503: (
        "Please try again later",
        "Paperboy is busy, or its database does not answer at the moment. Nothing was changed.",
    ),
}


def create_app(used: Services) -> Flask:
    """The pages of readers and operators."""
    folder = resource_folder("templates") / "web"
    app = _App("paperboy", template_folder=folder, static_folder=folder / "static", static_url_path="/static")
    is_https, path = used.public_url.startswith("https:"), urlsplit(used.public_url).path
    prefix = ("__Secure-" if path else "__Host-") if is_https else ""
    app.config.update(
        SECRET_KEY=used.secret,
        SESSION_COOKIE_NAME=f"{prefix}paperboy",
        SESSION_COOKIE_PATH=path or "/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        PERMANENT_SESSION_LIFETIME=SESSION_LASTS,
        MAX_CONTENT_LENGTH=_LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=_MOST_FIELDS,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # would need the Referer, which no page sends; the token suffices
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.autoescape = True  # Flask's default does not know `.html.j2`
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {name: environment().filters[name] for name in ("sentence", "starred")}
    app.jinja_env.filters["one_line"] = one_line
    app.jinja_env.globals |= {"current_person": current_person, "broken_profiles": used.broken_profiles}
    connect(app.extensions, used)
    app.after_request(_add_retry_after)  # before the limiter, and so called after it
    limiter.init_app(app)
    app.before_request(_refuse_large_form)  # before CSRFProtect, which reads the form
    CSRFProtect(app)
    for part in _PARTS:
        app.register_blueprint(part.pages)
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)
    if is_https:
        app.after_request(_add_https_only)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(PaperboyError, _failed)
    return app


def _refuse_large_form() -> None:
    """Bound the time that reading a form takes: of urlencoded ones, nothing else bounds the number of fields."""
    if request.endpoint in editor_pages.WITH_TEXT:
        request.max_content_length = LARGEST_BODY
    is_urlencoded = request.mimetype == "application/x-www-form-urlencoded"
    if is_urlencoded and request.get_data().count(b"&") >= _MOST_FIELDS:
        abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _refuse_nul() -> None:
    """PostgreSQL has no texts with NUL."""
    if any("\0" in text for text in (request.path, *request.values.values())):
        abort(HTTPStatus.BAD_REQUEST)


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


def _add_retry_after(response: Response) -> Response:
    """The limiter replaces the header by the end of the client's limit."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _add_https_only(response: Response) -> Response:
    response.headers.add(*HTTPS_ONLY)
    return response


def _error_page(error: HTTPException) -> Response:
    """The headers of the error are kept, such as Allow and Retry-After."""
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    name, text = _ERRORS.get(code, (error.name, ""))
    if isinstance(error, CSRFError):
        name = "This form is too old: you were logged out, or cookies are off"
    elif isinstance(error, (BadRequest, ServiceUnavailable)) and error.description != type(error).description:
        text = error.description or ""
    if isinstance(error, RateLimitExceeded):
        text = f"Wait {pluralize(error.limit.limit.get_expiry() // 60, 'minute')}, and try again."
    typed = request.form.get("text") if request.endpoint == EDITOR and code != 413 else None
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    again = _page_again() if code == HTTPStatus.SERVICE_UNAVAILABLE else ""
    return Response(
        render_template("error.html.j2", name=name, text=text, again=again, typed=typed), code, headers
    )


def _page_again() -> str:
    """The address of the page that was asked for, or whose form was sent; else of the first page."""
    routes = current_app.create_url_adapter(request)
    is_page = routes and routes.test(method="GET")
    return request.script_root + (local_path(request.full_path.rstrip("?")) if is_page else "/")


def _failed(error: PaperboyError) -> Response:
    services().log(f"a page could not be shown: {error}")
    return _error_page(ServiceUnavailable())


class _App(Flask):
    def log_exception(self, exc_info: Any) -> None:
        """Without the path, which may contain a token."""
        self.logger.error("an error in the page %s", request.endpoint, exc_info=exc_info)


class Front:
    """The whole site: the links in mails, which need neither cookie nor session, and the application.

    The application is below the path of PUBLIC_URL, whether a proxy removes that path or keeps it, and it takes that
    URL for its own whatever the Host header says.
    """

    def __init__(
        self, links: WSGIApplication, monitor: MonitorPages, app: Flask, public_url: str | None
    ) -> None:
        """`links`: answers `/unsubscribe/TOKEN` below any prefix."""
        self._links = links
        self._monitor = monitor
        self.app = app
        self._routes = app.url_map.bind("")
        url = urlsplit(public_url or "")
        self._prefix = url.path
        self._origin = {"wsgi.url_scheme": url.scheme, "HTTP_HOST": url.netloc} if public_url else {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        *_, folder, name = ("", "", *path.split("/"))
        if folder == "unsubscribe" and name:
            return self._links(environ, start_response)
        if self._prefix and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            path = path.removeprefix(self._prefix)
        if self._monitor.answers(path) and not self._routes.test(path):  # there may be a profile of this name
            return self._monitor({**environ, "PATH_INFO": path}, start_response)
        environ |= {"SCRIPT_NAME": self._prefix, "PATH_INFO": path or "/", **self._origin}
        return self.app(environ, start_response)

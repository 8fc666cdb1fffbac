"""Log in by a mailed link, and log out."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from bot.text.addresses import mask_address
from bot.web.access import TOKEN, current_person
from bot.web.limits import LOG_INS, limiter
from bot.web.login import LINK_LASTS, hashed, local_path, mail_link, new_token
from bot.web.services import services

pages = Blueprint("login", __name__)


@pages.get("/login")
def ask() -> str | Response:
    """Ask for an address."""
    path = local_path(request.args.get("next"))
    if current_person():
        return redirect(request.script_root + path)
    return render_template("login.html.j2", next=path, has_mail=services().send_login is not None)


@pages.post("/login")
@limiter.limit(LOG_INS)
def send() -> str:
    """Mail a link. The answer is the same whether or not the address is a reader's, also when it fails."""
    services().logins.check()
    mail_link(services(), request.form.get("address", ""), local_path(request.form.get("next")))
    return render_template("login_sent.html.j2")


@pages.get("/login/<token>")
def confirm(token: str) -> str | tuple[str, int]:
    """Show a button: programs that check the links in mails must not use the link up."""
    address = services().logins.link_address(hashed(token), services().clock() - LINK_LASTS)
    if address is None:
        return _gone()
    reader = current_person()
    other = mask_address(address) if reader and reader.name != address else ""
    return render_template("login_link.html.j2", next=local_path(request.args.get("next")), other=other)


@pages.post("/login/<token>")
@limiter.limit(LOG_INS)
def begin(token: str) -> Response | tuple[str, int]:
    """Use a mailed link, once, and begin a session with a new token."""
    new, now = new_token(), services().clock()
    address = services().logins.use(hashed(token), hashed(new), now, now - LINK_LASTS)
    if address is None:
        services().log("log-in: a link was used that is unknown, too old or used already")
        return _gone()
    session.clear()
    session[TOKEN] = new
    session.permanent = True
    services().log(f"log-in: {mask_address(address)} logged in")
    return redirect(request.script_root + local_path(request.form.get("next")), 303)


def _gone() -> tuple[str, int]:
    return render_template("login_gone.html.j2"), HTTPStatus.GONE


@pages.post("/logout")
@limiter.limit(LOG_INS)
def end() -> Response:
    """End the session, also for those who have a copy of the cookie."""
    token = session.get(TOKEN)
    if isinstance(token, str):
        services().logins.end(hashed(token), services().clock())
    session.clear()
    flash("You are logged out.")
    return redirect(url_for("login.ask"), 303)

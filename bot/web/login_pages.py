"""Log in by a mailed link, and log out."""

from __future__ import annotations

from flask import Blueprint, render_template

pages = Blueprint("login", __name__)


@pages.get("/login")
def ask() -> str:
    """Ask for an address."""
    return render_template("login.html.j2")

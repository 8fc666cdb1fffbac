"""The editor of a profile's file, the effect of what is typed, and the history of the file's changes.

The file on disk is the truth. A save names the version that its text was made from, and changes nothing if the file
has another one now.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import Conflict, ServiceUnavailable
from werkzeug.wrappers import Response

from bot.errors import DatabaseError, Problem, UserError
from bot.feedback.learned import learn
from bot.feedback.write import learned_file
from bot.files import read_file, replace_file
from bot.presentation.dates import date_and_time
from bot.profiles.include import ProfileReader
from bot.profiles.load import disputed_names, profile_files
from bot.profiles.model import Profile
from bot.profiles.notes import profile_notes
from bot.profiles.recipients import profiles_of_reader
from bot.profiles.rights import forbidden_names, forbidden_values
from bot.profiles.yaml_reader import MAX_BYTES
from bot.text.plain import one_line, pluralize
from bot.web.access import editable_profile, for_readers, person
from bot.web.effect_view import PROBLEMS_SHOWN, ProblemView, WeekView, problem_views
from bot.web.profile_text import FileText, diff, form_text
from bot.web.services import services
from bot.web.week import by_button, often, week_of

pages = Blueprint("editor", __name__)

#: The endpoints whose forms have a profile's text, and so are large.
WITH_TEXT = ("editor.change", "editor.preview")
HISTORY_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _File:
    """A profile's file as it is now."""

    path: Path
    saved: FileText

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a text that may not be saved yet means."""

    problems: Sequence[ProblemView]
    count: str  #: `1 problem`, `2,000 problems, the first 50 of them`
    notes: Sequence[str]
    week: WeekView | None  #: None with problems
    changed: Sequence[str]  #: the difference from the file, as lines of a diff
    is_outdated: bool  #: whether the file has changed since the text was made from it


@pages.get("/p/<id_>/edit")
@for_readers
def edit(id_: str) -> str | Response:
    """The file's text in a form: with `from`, a former text of the history; with `learned`, the file's text with what
    answers add to it.
    """
    profile = editable_profile(id_)
    file = _open(profile)
    text = file.saved
    if number := request.args.get("from", type=int):
        former = services().profile_edits.get(number)
        if former is None or former.profile != id_:
            abort(404)
        whole = former.after if request.args.get("text") == "after" else former.before
        text = file.saved.changed_to(FileText(whole.encode()).form_text)
    elif "learned" in request.args:
        try:
            text = _with_learned(profile, file)
        except UserError as error:
            return _new_form(profile, file, text, failure=str(error))
    return _new_form(profile, file, text)


@pages.post("/p/<id_>/edit")
@for_readers
def change(id_: str) -> str | Response | tuple[str, int]:
    """Check the text, or save it."""
    profile = editable_profile(id_)
    file = _open(profile)
    text = file.saved.changed_to(request.form["text"])
    try:
        return _change(profile, file, text)
    except ServiceUnavailable:
        why, code = "Paperboy is busy: check again in a moment.", 503
    except RateLimitExceeded:
        why, code = "This was not saved: there were too many requests. Wait a minute, and try again.", 429
    return _same_form(profile, file, text, failure=why), code


@by_button
def _change(profile: Profile, file: _File, text: FileText) -> str | Response | tuple[str, int]:
    """Raises as `_effect`, and RateLimitExceeded."""
    do = request.form.get("do")
    is_save = do in ("save", "leave")
    checked, problems = _check(profile, file, text)
    if problems or checked is None or not is_save:
        effect = _effect(profile, file, text, checked, problems)
        return _same_form(profile, file, text, effect=effect, is_refused=is_save), 422 if is_save else 200
    if text == file.saved:
        flash("The file has this text.")
        return redirect(url_for("editor.edit", id_=profile.id), 303)
    if request.form["version"] != file.saved.version:
        return _conflict(profile, file)
    is_theirs = person().is_operator or bool(profiles_of_reader([checked], person().name))
    if not is_theirs and do != "leave":
        return _same_form(profile, file, text, is_leaving=True), 422
    try:
        if not _save(profile, file, text):
            return _conflict(profile, _open(profile))
    except (OSError, DatabaseError) as error:
        why = error.strerror if isinstance(error, OSError) else "the change cannot be stored"
        services().log(f"{file.path}: an edit could not be saved: {error}")
        return _same_form(profile, file, text, failure=f"This was not saved: {why}. Try again later."), 503
    flash("Saved.")
    return redirect(url_for("editor.edit", id_=profile.id) if is_theirs else url_for("digests.home"), 303)


@pages.post("/p/<id_>/preview")
@often
@for_readers
def preview(id_: str) -> str | Response:
    """The effect of a text, as a part of the page."""
    profile = editable_profile(id_)
    file = _open(profile)
    text = file.saved.changed_to(request.form["text"])
    effect = _effect(profile, file, text, *_check(profile, file, text))
    return render_template("effect.html.j2", effect=effect)


@pages.get("/p/<id_>/history")
@for_readers
def history(id_: str) -> str | Response:
    """Who changed the file, when, and how."""
    profile = editable_profile(id_)
    edits = services().profile_edits.list(id_, HISTORY_SHOWN)
    next_texts = (_open(profile).saved.whole, *(one.before for one in edits))
    shown = [
        {
            "id": one.id,
            "who": person().name_of(one.who),
            "at": date_and_time(one.at, profile.timezone),
            "lines": diff(one.before, one.after),
            "by_hand": diff(one.after, then),
        }
        for one, then in zip(edits, next_texts, strict=False)
    ]
    return render_template("history.html.j2", profile=profile, edits=shown)


def _open(profile: Profile) -> _File:
    """Its file. Aborts when it is gone or is not a text that a form can show."""
    paths = (path for path in profile_files([services().folder]) if path.stem == profile.id)
    path = next(paths, None) or abort(404)
    try:
        data = read_file(path, MAX_BYTES)
        data.decode()
    except OSError as error:
        raise Conflict(f"The file of {profile.id} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Conflict(f"The file of {profile.id} is not UTF-8 text: correct it where it is.") from None
    if len(data) > MAX_BYTES:
        raise Conflict(f"The file of {profile.id} is larger than {MAX_BYTES // 1024} KB.")
    return _File(path, FileText(data))


def _form(profile: Profile, file: _File, text: FileText, version: str, base: str, **more: Any) -> str:
    """`version`, `base`: of the file, and its text then, that the text is made from. `more`: `effect`, and
    `is_refused` if it has problems and was to be saved; `failure`; `is_leaving` if the text would remove its reader;
    or of a conflict `meanwhile` and `mine`, which are lines of diffs.
    """
    absent = {"effect": None, "failure": "", "meanwhile": None, "mine": None}
    values = {**absent, "is_refused": False, "is_leaving": False, **more}
    return render_template(
        "edit.html.j2",
        profile=profile,
        file=file,
        text=text.form_text,
        version=version,
        base=base,
        changed=diff(file.saved.whole, text.whole),
        **values,
    )


def _new_form(profile: Profile, file: _File, text: FileText, **more: Any) -> str:
    """A form whose text is made from the file as it is now."""
    return _form(profile, file, text, file.saved.version, file.saved.form_text, **more)


def _same_form(profile: Profile, file: _File, text: FileText, **more: Any) -> str:
    """The form that was sent."""
    return _form(profile, file, text, request.form["version"], form_text(request.form["base"]), **more)


def _conflict(profile: Profile, file: _File) -> tuple[str, int]:
    """The reader's text and the file's, which has changed meanwhile, and what was changed in each."""
    base, mine = (form_text(request.form[name]) for name in ("base", "text"))
    meanwhile = diff(base, file.saved.form_text)
    text = file.saved.changed_to(mine)
    return _new_form(profile, file, text, meanwhile=meanwhile, mine=diff(base, mine)), 409


def _check(profile: Profile, file: _File, text: FileText) -> tuple[Profile | None, Sequence[Problem]]:
    """As `paperboy check` does; and what a reader may not change."""
    is_reader = not person().is_operator
    if is_reader and (refused := [*forbidden_names(file.saved.data, text.data, file.name)]):
        return None, refused
    read = ProfileReader().parse(text.data, file.name, file.path.parent)
    problems = sorted({*read.problems, *read.incomplete})
    if problems or read.effective is None:
        return None, problems
    found = read.effective.profile
    if is_reader:
        # As the file is now: `profile` may be older, such as from before an operator removed a receiver.
        saved = ProfileReader().parse(file.saved.data, file.name, file.path.parent)
        before = saved.effective.profile if saved.effective and not saved.incomplete else profile
        problems += forbidden_values(before, read.effective)
    files = {path.stem: path for path in profile_files([services().folder])}
    others = (one for one in services().profiles() if one.id != found.id)
    if why := disputed_names([*others, found], files).get(found.id):
        problems.append(Problem(*read.effective.origins[("was",)].place, one_line(why)))
    return found, problems


def _effect(
    profile: Profile, file: _File, text: FileText, checked: Profile | None, problems: Sequence[Problem]
) -> _Effect:
    """Raises as `week_of`."""
    week = None
    if checked and not problems:
        # `was` would move what is stored under that name.
        versions = [replace(one, was="") for one in (profile, checked)]
        week = week_of(*services().with_answers(versions, services().clock()))
    return _Effect(
        problems=problem_views(problems, file.name, text.form_text),
        count=pluralize(len(problems), "problem")
        + (f", the first {PROBLEMS_SHOWN} of them" if len(problems) > PROBLEMS_SHOWN else ""),
        notes=[*profile_notes(checked, services().clock().date())] if checked else [],
        week=week,
        changed=diff(file.saved.whole, text.whole),
        is_outdated=request.form["version"] != file.saved.version,
    )


def _with_learned(profile: Profile, file: _File) -> FileText:
    """The file's text with what its readers' answers add. Raises UserError if a person must add it."""
    _, problems = _check(profile, file, file.saved)
    if problems:
        raise UserError("The file has problems: correct them first.")
    answers = services().feedback.current(profile.id, services().clock())
    titles = {
        id_: one.title for id_, one in services().papers.by_keys({one.paper for one in answers}).items()
    }
    try:
        return FileText(learned_file(file.saved.data, file.path, learn(answers), titles))
    except UserError as error:
        raise UserError(str(error).replace(f"{file.path.parent}{os.sep}", "")) from None


def _save(profile: Profile, file: _File, text: FileText) -> bool:
    """Write the file and its history; False if the file has another text now. Raises OSError and DatabaseError."""
    before, after = (one.whole.replace("\0", "\ufffd") for one in (file.saved, text))  # PostgreSQL has no NUL
    stored = services().profile_edits.add(
        profile.id,
        person().who,
        services().clock(),
        before,
        after,
        write=lambda: replace_file(file.path, file.saved.data, text.data),
    )
    services().forget_profiles()
    return stored is not None

"""A linter for the HTML of a mail, as it is sent: holds it against what mail clients support, and prints why.

`lint(html)` finds every element, attribute, property, value, at-rule and kind of selector, looks up what Gmail, Apple
Mail, Outlook (Windows and web) and Yahoo make of it (`verdicts`, an excerpt of caniemail.com's data), and accepts a
loss only where `excuses` says why neither meaning nor layout goes with it. `checks` adds size, links, contrast and
what else a mail must be. `python -m tests.support.mail_lint FILE.html` prints the report; without a file it writes
`verdicts.json` anew from ../shared/email/caniemail.json.
"""

from tests.support.mail_lint.findings import Finding
from tests.support.mail_lint.report import Report, lint

__all__ = ["Finding", "Report", "lint"]

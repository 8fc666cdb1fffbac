"""`python -m tests.support.mail_lint [FILE.html]`: the report on a mail, or the table of verdicts anew."""

import sys
from pathlib import Path

from tests.support.mail_lint import lint
from tests.support.mail_lint.verdicts import EXCERPT, write_excerpt


def main(files: list[str]) -> int:
    if not files:
        write_excerpt()
        print(f"wrote {EXCERPT}")
    reports = [lint(Path(file).read_text(encoding="utf-8")) for file in files]
    print("\n\n".join(report.told() for report in reports))
    return int(any(report.findings for report in reports))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Look up known vulnerabilities of what requirements.lock pins, with pip-audit in an environment of its own.

python3 .ci/audit.py             where they cannot be looked up: say so, and exit with 0
python3 .ci/audit.py required    then exit with 1
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSTALL = "-q --timeout 20 --retries 1 -r .ci/audit.lock"
AUDIT = "--disable-pip --require-hashes --progress-spinner off -f json -r requirements.lock"


def main() -> str:
    """What was found, as a line; exits with 1 when there is a vulnerability."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        installed = run(f"{folder}/bin/pip", "install", *INSTALL.split())
        if installed.returncode:
            return skipped(f"pip-audit cannot be installed: {last_line(installed.stderr)}")
        audit = run(f"{folder}/bin/pip-audit", *AUDIT.split())
    if not audit.stdout:
        return skipped(f"the package index cannot be asked: {last_line(audit.stderr)}")
    packages = json.loads(audit.stdout)["dependencies"]
    found = [(package, one) for package in packages for one in package.get("vulns", ())]
    for package, one in found:
        print(package["name"], package["version"], one["id"], "fixed in", *one["fix_versions"])
    if found:
        sys.exit(f"vulnerabilities: {len(found)}")
    # pip-audit itself calls it a success when the index knows nothing
    if unknown := [package for package in packages if "skip_reason" in package]:
        return skipped(f"this package index has no data on {len(unknown)} of {len(packages)} packages")
    return f"vulnerabilities: none known in {len(packages)} packages"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def last_line(output: str) -> str:
    return output.strip().rpartition("\n")[2][:200]


def skipped(why: str) -> str:
    message = f"vulnerabilities: skipped: {why}"
    if "required" in sys.argv:
        sys.exit(message)
    return message


print(main())

# The tasks of this project: `just` lists them. `pip install rust-just` installs the runner.
# `.venv` is the environment that CONTRIBUTING.md sets up.

bin := ".venv/bin"

# List the tasks
default:
    @just --list

# Make .venv with the locked versions and the package in editable form
setup:
    python3 -m venv .venv
    {{bin}}/pip install -q -r requirements-test.lock
    {{bin}}/pip install -q --no-deps --no-build-isolation -e .

# Check lint rules, formatting and which room imports which
lint:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/lint-imports

# Check types
types:
    {{bin}}/mypy

# Run the default tests, or those named: just test tests/store
test *ARGS:
    {{bin}}/python -m pytest {{ARGS}}

# Run the benchmarks; they print figures and never fail for being slow
bench *ARGS="tests/benchmarks":
    {{bin}}/python -m pytest -n 0 -s {{ARGS}}

# Look up known vulnerabilities of what requirements.lock pins
audit:
    python3 .ci/audit.py required

# Pin the newest allowed versions in the lock files (needs `pip install uv`)
lock:
    uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate --no-header --group build --all-extras pyproject.toml -o requirements-test.lock
    uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate --no-header --group build --extra dkim --extra postgres --extra web \
        -c requirements-test.lock pyproject.toml -o requirements.lock
    uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate --no-header --group audit -o .ci/audit.lock

# What CI runs: lint, types, contracts and tests in a new environment; `just ci newest` with the newest versions
ci *ARGS:
    .ci/run {{ARGS}}

#!/usr/bin/env bash
# Install what the tests need into .venv and run every check: style, types, import contract, tests.
set -euo pipefail
cd "$(dirname "$0")"
. .ci/venv.sh
python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
echo "== style";           ruff check . && ruff format --check .
echo "== import contract"; lint-imports
echo "== types (on an installed copy: mypy does not follow the folder mapping)"
rm -rf .types && python -m pip install --quiet --disable-pip-version-check --no-deps --target .types .
MYPYPATH=.types mypy --namespace-packages -p neurorig
echo "== tests";           python -m pytest -n 2 "$@"

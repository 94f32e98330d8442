#!/usr/bin/env bash
# Install what the tests need into .venv and run every check: style, types, import contract, tests.
set -euo pipefail
cd "$(dirname "$0")"
. .ci/venv.sh
unset PYTHONDONTWRITEBYTECODE  # hundreds of tests start a process: none is to compile everything again
python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
echo "== style";           ruff check . && ruff format --check .
# On an installed copy, because neither tool follows the mapping of folders to packages.
rm -rf .types && python -m pip install --quiet --disable-pip-version-check --no-deps --target .types .
echo "== import contract"; (cd .types && lint-imports --config ../pyproject.toml)
echo "== types";           MYPYPATH=.types mypy --namespace-packages -p neurorig
echo "== tests";           python -m pytest -n 3 --dist worksteal "$@"  # on two processors: many tests wait

#!/usr/bin/env bash
# Install neurorig into .venv beside this file and run the activity bump on the simulated bench.
# Ends with the path of the report. Further arguments go to `neurorig run bump --simulate`.
set -euo pipefail
cd "$(dirname "$0")"
. .ci/venv.sh
python -m pip install --quiet --disable-pip-version-check -e .
neurorig run bump --simulate "$@"

#!/usr/bin/env bash
# The AVR compiler, and gcc with libsimavr to run the firmware on a simulated processor; nothing if they are there.
set -euo pipefail

ready() { command -v avr-gcc >/dev/null && command -v make >/dev/null && command -v gcc >/dev/null && [ -e /usr/include/simavr/sim_avr.h ]; }

ready && exit 0
apt-get update -qq
apt-get install -y -qq --no-install-recommends gcc libc6-dev make gcc-avr avr-libc libsimavr-dev libelf-dev
ready || { echo "gcc-avr and libsimavr-dev could not be installed." >&2; exit 1; }

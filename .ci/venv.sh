# Sourced: enter .venv, made with the first Python >= 3.11 found.
if [ ! -x .venv/bin/python ]; then
    for candidate in python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -m venv .venv && break
        fi
    done
fi
if [ ! -x .venv/bin/python ]; then
    echo "neurorig needs Python 3.11 or newer with venv. On Debian 12: sudo apt-get install -y python3 python3-venv" >&2
    exit 1
fi
. .venv/bin/activate

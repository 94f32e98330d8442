#!/usr/bin/env bash
# KiCad 9 or later and ngspice, from the backports of the mirror that this Debian already uses; nothing if they are there.
set -euo pipefail
export HOME=${HOME:-$(mktemp -d)}  # kicad-cli refuses to run without one
apt=${APT_FOLDER:-/etc/apt}
. /etc/os-release
suite=$VERSION_CODENAME-backports

ready() { command -v ngspice >/dev/null && command -v kicad-cli >/dev/null && [ "$(kicad-cli version | cut -d. -f1)" -ge 9 ]; }

sources() { find "$apt" -maxdepth 2 \( -name '*.list' -o -name '*.sources' \) "$@"; }

# The machine's own entry for the release, with the suite changed and nothing else; both formats of apt.
derived() {
    sources -name '*.sources' -exec sh -c 'cat "$1"; echo' _ {} \; | awk -v RS= -v old="$VERSION_CODENAME" -v new="$suite" '
        $0 ~ "(^|\n)Types:[^\n]*deb( |\n)" && $0 ~ "(^|\n)Suites:([^\n]* )?" old "( |\n)" && !/(^|\n)Enabled: *no/ {
            sub("(^|\n)Suites:[^\n]*", "\nSuites: " new); sub("^\n", ""); print; exit }' > "$1.sources"
    [ -s "$1.sources" ] && return
    rm "$1.sources"
    sources -name '*.list' -exec cat {} + | sed -nE "s/^(deb (\[[^]]*\] )?[^ ]+) $VERSION_CODENAME /\1 $suite /p" | head -n 1 > "$1.list"
    [ -s "$1.list" ] && return
    rm "$1.list"
    echo "No entry for Debian $VERSION_CODENAME in $apt to derive $suite from." >&2
    return 1
}

ready && exit 0
sources -exec cat {} + | grep -v '^#' | grep -qw "$suite" || derived "$apt/sources.list.d/neurorig-backports"
apt-get update -qq
apt-get install -y -qq --no-install-recommends -t "$suite" kicad kicad-symbols kicad-footprints ngspice
ready || { echo "KiCad 9 could not be installed from $suite: $(kicad-cli version)." >&2; exit 1; }

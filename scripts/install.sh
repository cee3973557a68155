#!/usr/bin/env bash
# Make .venv and install what requirements/*.txt pin: `install.sh base` to run, `install.sh learning`
# for methods that learn, `install.sh dev` to test as well. Where the lists have not changed since the
# last time, nothing is done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lists=(requirements/base.txt)
[ "$1" = base ] || lists+=("requirements/$1.txt")
# With what uv or pip writes while it works.
NEEDED_MB=2500
log=var/install.log

fail() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

stamp() {
    cat "$@" | cksum
}

is_installed() {
    fits .venv/bin/python && [ "$(cat ".venv/.installed-$1" 2>/dev/null)" = "$(stamp "${lists[@]}")" ]
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13; name another."
        command -v "$PYTHON"
        return
    fi
    for name in python3 python3.13 python3.12 python3.11 python; do
        if fits "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 was not found; install one, or name it: make run PYTHON=/path/to/python3.12"
}

make_venv() {
    local python
    python=$(find_python) || exit 1
    if command -v uv >/dev/null; then
        uv venv --quiet --clear --python "$python" .venv >"$log" 2>&1 || explain
        return
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "Python's venv module is missing; install it (on Debian and Ubuntu: apt install python3-venv)."
    "$python" -m venv --clear .venv >"$log" 2>&1 || explain
}

install() {
    local arguments=(install --require-hashes)
    for list in "${lists[@]}"; do
        arguments+=(-r "$list")
    done
    if command -v uv >/dev/null; then
        uv pip "${arguments[@]}" --python .venv/bin/python
        return
    fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip
    .venv/bin/python -m pip "${arguments[@]}" --no-input --disable-pip-version-check
}

# Keep what a program says in the log, and show the last line of it on a terminal.
show() {
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$log"
        if [ -t 1 ]; then printf '\r\033[K  %.90s' "$line"; fi
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

free_mb() {
    df -Pk . | awk 'NR == 2 { print int($4 / 1024) }'
}

# Say in one sentence why it failed.
explain() {
    if grep -qiE 'no space left|os error 28|disk quota' "$log" || [ "$(free_mb)" -lt 20 ]; then
        fail "The disk is full ($(free_mb) MB free, $NEEDED_MB MB are needed); make room and run it again."
    elif grep -qiE 'name resolution|not known|NewConnectionError|timed out|Max retries|unreachable|ProxyError|error sending request|dns error|failed to fetch|client error \(connect|from versions: none' "$log"; then
        fail "The package index cannot be reached; check the network or the proxy and run it again (details: $log)."
    elif grep -qiE "gcc.*(not found|failed|No such file)|Unable to find.*compiler|Python\.h|Failed building wheel|Failed to build" "$log"; then
        fail "A package has no build for this machine and could not be compiled; install a C compiler and Python's headers (on Debian and Ubuntu: apt install build-essential python3-dev), or use Python 3.11 to 3.13 on x86-64 or arm64 (details: $log)."
    elif grep -qiE 'do not match the hashes|hash mismatch' "$log"; then
        fail "A downloaded package is not the one that was locked, so nothing of it was installed (details: $log)."
    fi
    fail "Installing failed: $(tail -n 1 "$log") (details: $log)"
}

is_installed "$1" && exit 0

mkdir -p var 2>/dev/null && : >>"$log" 2>/dev/null || fail "$PWD cannot be written to; make it writable for $(id -un), or copy the project elsewhere."
# Another make may be installing at this moment.
exec 9>var/install.lock
if command -v flock >/dev/null; then flock 9; fi
is_installed "$1" && exit 0

[ "$(free_mb)" -ge "$NEEDED_MB" ] || [ -d .venv ] ||
    fail "The disk has $(free_mb) MB free and installing needs $NEEDED_MB MB; make room and run it again."
started=$SECONDS
fits .venv/bin/python || make_venv
echo "Installing the packages (about a minute the first time)."
: >"$log"
install 2>&1 | show || explain
stamp requirements/base.txt >.venv/.installed-base
[ "$1" = base ] || stamp "${lists[@]}" >".venv/.installed-$1"
echo "Installed in $((SECONDS - started)) s."

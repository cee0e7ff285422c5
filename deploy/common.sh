# What deploy/quickstart, deploy/test and its stages share. Sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
# shellcheck disable=SC2034
release=$build/release
venv=$build/venv
logs=$build/logs
jobs=$(nproc)
# Caches stay below build/, unless the user has a compiler cache already.
if [[ -z ${CCACHE_DIR:-} && ! -d ${XDG_CACHE_HOME:-$HOME/.cache}/ccache ]]; then
  export CCACHE_DIR=$build/cache/ccache
fi
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$build/cache/pip}
export RUFF_CACHE_DIR=$build/cache/ruff MYPY_CACHE_DIR=$build/cache/mypy

# Runs a command with its output in a log; shows the log's end only if it fails.
quietly() { # NAME COMMAND...
  local name=$1
  shift
  mkdir -p "$logs"
  if "$@" >"$logs/$name.log" 2>&1 </dev/null; then return 0; fi
  echo "failed: $*" >&2
  echo "--- the end of $logs/$name.log" >&2
  tail -n 60 "$logs/$name.log" >&2
  return 1
}

# Builds and shows ninja's progress on a terminal, and only failures elsewhere.
compile() { # FOLDER TARGET...
  local folder=$1
  shift
  if [[ -t 1 ]]; then
    ninja -C "$folder" -j "$jobs" "$@"
  else
    quietly "compile-$(basename "$folder")" ninja -C "$folder" -j "$jobs" "$@"
  fi
}

# A hash of the content of all files below the given paths, relative to the root.
content_hash() { # PATH...
  (cd "$root" && find "$@" -type f ! -name '*.pyc' ! -path '*/build/*' ! -path '*.egg-info/*' \
    -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# Makes the virtual environment build/venv.
make_venv() {
  [[ -x $venv/bin/python ]] || quietly venv "${COHELD_PYTHON:-/usr/bin/python3}" -m venv "$venv"
}

# Installs the Python package into build/venv, again only when a source changed.
install_python_package() {
  local stamp=$venv/coheld.stamp now
  now=$(content_hash client/python client/cpp client/CMakeLists.txt proto server CMakeLists.txt)
  make_venv || return 1
  now="$now $("$venv/bin/python" --version) $root"
  [[ -f $stamp && $(<"$stamp") == "$now" ]] && return 0
  echo "Installing the Python package into build/venv"
  quietly pip-coheld "$venv/bin/python" -m pip install --disable-pip-version-check \
    --no-input "$root/client/python" || return 1
  echo "$now" >"$stamp"
}

# Adds what the tests need from PyPI to build/venv.
install_python_test_packages() {
  local list=$root/deploy/packages/python-test.txt stamp=$venv/test.stamp
  make_venv || return 1
  [[ -f $stamp ]] && cmp -s "$list" "$stamp" && return 0
  echo "Installing the Python test tools into build/venv"
  quietly pip-test "$venv/bin/python" -m pip install --disable-pip-version-check --no-input \
    -r "$list" && cp "$list" "$stamp"
}

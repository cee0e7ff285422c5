# What the stages of deploy/test share. Sourced, not run. A stage tells what it ran by `count`, and
# ends with a code other than 0 if anything failed.
# shellcheck shell=bash
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

# Adds to the totals.
count() { # PASSED FAILED
  echo "$1 $2" >>"${COHELD_COUNTS:-/dev/null}"
}

# Runs one check that counts as one test, and shows its output if it fails.
check() { # NAME COMMAND...
  local name=$1
  if quietly "$@"; then
    echo "ok      $name"
    count 1 0
  else
    echo "FAILED  $name"
    count 0 1
    return 1
  fi
}

# Configures a preset, unless that was done before (ninja configures again by itself).
configure() { # PRESET [OPTION...]
  local preset=$1 wanted="$*"
  shift
  local stamp=$build/$preset/.configured
  [[ -f $build/$preset/build.ninja && -f $stamp && $(<"$stamp") == "$wanted" ]] && return 0
  (cd "$root" && quietly "configure-$preset" cmake --preset "$preset" "$@") || return 1
  echo "$wanted" >"$stamp"
}

# Runs all tests that ctest knows below a build folder, and counts them.
run_ctest() { # NAME FOLDER [OPTION...]
  local name=$1 folder=$2 log=$logs/ctest-$1.log code=0 summary failed total
  shift 2
  ctest --test-dir "$folder" --output-on-failure --no-tests=error --parallel "$jobs" \
    --timeout 300 "$@" >"$log" 2>&1 </dev/null || code=$?
  summary=$(grep -E '^[0-9]+% tests passed' "$log" | tail -n 1)
  failed=$(sed -E 's/.*, ([0-9]+) tests failed out of.*/\1/' <<<"$summary")
  total=$(sed -E 's/.*out of ([0-9]+).*/\1/' <<<"$summary")
  if [[ -z $summary ]]; then
    tail -n 60 "$log"
    return 1
  fi
  count $((total - failed)) "$failed"
  if [[ $code -eq 0 ]]; then
    echo "ok      $name: $total tests"
  else
    # Every failed test with what it wrote, and the list at the end.
    grep -v -E '^( *Start +[0-9]+:|.* Passed +[0-9.]+ sec$)' "$log" | tail -n 400
    echo "FAILED  $name: $failed of $total tests"
  fi
  return "$code"
}

# GCC 12's sanitizers hang when mmap's address is very random: start again without that.
without_random_addresses() {
  local bits
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)
  [[ $bits -le 28 || -n ${COHELD_FIXED_ADDRESSES:-} ]] && return 0
  if setarch -R true 2>/dev/null; then COHELD_FIXED_ADDRESSES=1 exec setarch -R "$0"; fi
}

# Runs the Python tests below a folder, and counts them.
run_pytest() { # NAME FOLDER [OPTION...]
  local name=$1 folder=$2 log=$logs/pytest-$1.log report=$logs/pytest-$1.xml code=0 total failed
  shift 2
  rm -f "$report"
  (cd "$folder" && COHELD_DAEMON=$release/bin/coheld "$venv/bin/python" -m pytest -q \
    --timeout 120 --junitxml "$report" -p no:cacheprovider "$@" .) >"$log" 2>&1 </dev/null || code=$?
  if [[ ! -f $report ]]; then
    tail -n 60 "$log"
    return 1
  fi
  read -r total failed < <(sed -nE \
    's/.*<testsuite [^>]*errors="([0-9]+)" failures="([0-9]+)" skipped="([0-9]+)" tests="([0-9]+)".*/\1 \2 \3 \4/p' \
    "$report" | awk '{print $4 - $3, $1 + $2}')
  count $((total - failed)) "$failed"
  if [[ $code -eq 0 ]]; then
    echo "ok      $name: $total tests"
  else
    tail -n 200 "$log"
    echo "FAILED  $name: $failed of $total tests"
  fi
  return "$code"
}

# Makes `go` work with all that it writes below build/NAME; installs Debian's where there is none.
use_go() { # NAME
  PATH=$PATH:/usr/local/go/bin:/usr/lib/go/bin
  command -v go >/dev/null || "$root/deploy/install-packages" go || return 1
  export GOPATH=$build/$1/gopath GOCACHE=$build/$1/gocache GOTOOLCHAIN=local CGO_ENABLED=0
  export GOFLAGS="-modcacherw -buildvcs=false"
}

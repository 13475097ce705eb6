#!/bin/bash
# ./dev soak [--minutes N]: what is random, with new seeds, and what is long, for N minutes (480): over
# night. What it finds it prints in the end, each with the command that repeats it.
#
# ./dev test has a slice of each, with seeds that are always the same. Here, in turn: simulated worlds,
# large, small, and with a group of servers; fuzzers; all mutants; deeper exhaustive worlds; the slice of worlds
# at its full size; the tests of the native client on a busy machine; the WebAssembly module compiled a second
# time; and a user's workspace, with each file of the client compiled by itself.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

minutes=480
while [ $# -gt 0 ]; do
  case $1 in
    --minutes)
      minutes=${2:-}
      [[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes takes a whole number of 1 or more"
      shift
      ;;
    *) die "unknown option '$1': ./dev soak [--minutes N]" ;;
  esac
  shift
done

tools/dev/setup.sh --quiet test fuzz
trap 'exit 130' INT
logs=.soak/$(date +%Y%m%d-%H%M%S)
mkdir -p "$logs"
deadline=$(($(date +%s) + minutes * 60))
found=()

left() { [ "$(date +%s)" -lt "$deadline" ]; }

# part NAME REPEATED COMMAND...: runs a command, keeps what it prints, and notes how to repeat it if it
# fails. REPEATED is a pattern: the last line that has it is the way to repeat; if none does, the command is.
part() {
  local name=$1 repeated=$2 again
  shift 2
  left || return 0
  say "$name: $*"
  if ! "$@" >"$logs/$name.log" 2>&1; then
    again=$(grep -E "$repeated" "$logs/$name.log" | tail -n 1) || again="$*"
    found+=("$name: $again ($logs/$name.log)")
    say "FOUND by ${found[-1]}"
  fi
}

# A piece of what is left, in minutes, at least one.
share() {
  local rest=$(((deadline - $(date +%s)) / 60 / $1))
  echo $((rest > 1 ? rest : 1))
}

compiled_twice() {
  run_bazel build "${quiet_build[@]}" //wasm:plimsoll.wasm //wasm:plimsoll_compiled_again.wasm &&
    cmp bazel-bin/wasm/plimsoll.wasm bazel-bin/wasm/plimsoll_compiled_again.wasm
}

# No file may need what its neighbours include.
file_by_file() {
  (cd tests/consumer && run_bazel test "${quiet_build[@]}" --define=plimsoll_units=separate //...)
}

# Seeds that no earlier night had: a second is worth more of them than it simulates.
next_seed() { echo $(($(date +%s) * 1000)); }

for ((round = 1; ; ++round)); do
  left || break
  say "round $round"
  part "$round-module" . compiled_twice
  part "$round-file-by-file" . file_by_file
  part "$round-worlds" '\./dev sim' ./dev sim --from "$(next_seed)" --minutes "$(share 6)"
  part "$round-small-worlds" '\./dev sim' ./dev sim --small --from "$(next_seed)" --minutes "$(share 8)"
  part "$round-groups" '\./dev sim' ./dev sim --group --from "$(next_seed)" --minutes "$(share 10)"
  part "$round-clusters" '\./dev sim' ./dev sim --cluster --from "$(next_seed)" --minutes "$(share 10)"
  part "$round-slice" '\./dev sim' run_bazel test "${quiet_build[@]}" --test_output=errors \
    --test_env=PLIMSOLL_DEPTH=full //tests/sim:slice_test
  part "$round-exhaustive" 'FAILED' run_bazel test "${quiet_build[@]}" --test_output=errors \
    --test_env=PLIMSOLL_DEPTH=full //tests/exhaustive/...
  part "$round-mutants" 'SURVIVES|FAILS' ./dev sim --mutants
  part "$round-fuzz" 'found something' ./dev fuzz --seconds "$(($(share 4) * 60 / 13 + 1))"
  part "$round-stress" 'failed:' ./dev test --stress native --times 3 --busy 8
  part "$round-stress-threads" 'failed:' ./dev test --stress native core/memory --times 3 --busy 8 \
    --configurations tsan
done

if [ ${#found[@]} -eq 0 ]; then
  say "nothing found in $((round - 1)) rounds"
else
  printf 'soak: found by %s\n' "${found[@]}" >&2
  exit 1
fi

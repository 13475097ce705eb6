#!/bin/bash
# hit_ratio_test.sh BENCHMARK: a trace is replayed from its file, compressed or not, with sizes or
# without; what is wrong with one is said.
set -euo pipefail
bench=$1
cd "$TEST_TMPDIR"

die() {
  echo "$1"
  exit 1
}

# field NAME OPTIONS...: of the last row of a run.
field() {
  local name=$1
  shift
  "$OLDPWD/$bench" --json "$@" | tail -1 | sed "s/.*\"$name\":\\([0-9]*\\).*/\\1/"
}

# 0 1 0 2 0 1: with two entries LRU answers the second and the third 0, and misses the second 1.
printf '\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0' >plain.u32
xz --keep plain.u32
for trace in plain.u32 plain.u32.xz; do
  for policy in lru lfu; do
    [ "$(field requests --trace $trace --policy $policy --capacity 2)" = 6 ] || die "$trace: requests"
    [ "$(field hits --trace $trace --policy $policy --capacity 2)" = 2 ] || die "$trace: hits"
  done
  [ "$(field hits --trace $trace --capacity 3)" = 3 ] || die "$trace: hits with all that there are"
done

# The same id twice, of 300 bytes: kept in a kilobyte, too large for 256 bytes.
printf '\7\0\0\0\54\1\0\0\7\0\0\0\54\1\0\0' >sized.u32x2
[ "$(field hits --trace sized.u32x2 --capacity-bytes 1024)" = 1 ] || die "sized: hits"
[ "$(field hit_bytes --trace sized.u32x2 --capacity-bytes 1024)" = 300 ] || die "sized: bytes"
[ "$(field hits --trace sized.u32x2 --capacity-bytes 256)" = 0 ] || die "sized: too large"

# refused WHAT OPTIONS...: the run fails and says what about it is wrong.
refused() {
  local what=$1
  shift
  ! "$OLDPWD/$bench" "$@" >refused.txt 2>&1 || die "$* was taken"
  grep --quiet --fixed-strings -- "$what" refused.txt || die "$*: $(cat refused.txt)"
}
printf 'abcde' >odd.u32
refused '5 bytes are not a multiple of 4' --trace odd.u32 --capacity 2
refused 'needs --capacity' --trace plain.u32
refused 'nowhere.u32' --trace nowhere.u32 --capacity 2
refused 'fifo' --trace plain.u32 --capacity 2 --policy fifo
refused '--capacity' --trace plain.u32 --capacity 0

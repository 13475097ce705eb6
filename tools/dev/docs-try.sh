#!/bin/bash
# ./dev docs --try: runs the programs of the pages about other clients, those of Boost.Redis among them, which ./dev test
# leaves out: its Boost is not this system's.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/apt.sh
source tools/dev/boost_redis.sh

tools/dev/setup.sh --quiet test
fetch_boost_redis
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -B tests/readme/before_after.py boost_redis=docs/coming_from_boost_redis.md --cases "$folder/cases.h" \
  --after "$folder/after.cc" --before "boost_redis=$folder/before.cc" || die "the page is not whole"
say "compiling the programs of Boost.Redis with Boost $(boost_redis_version)"
# gcc takes the page for a header, and warns of lambdas in it that a coroutine keeps.
g++ -std=c++20 -Wno-subobject-linkage -isystem "$boost_redis_include" "$folder/before.cc" -o "$folder/before" \
  -lcrypto -lssl -pthread || die "they do not compile"
say "building ours, and the test that runs them"
run_bazel build "${quiet_build[@]}" //tests/readme:before_after_test >&2 || die "it does not build"
bin=$(run_bazel info bazel-bin 2>/dev/null)/tests/readme
AFTER=$bin/after BEFORE_hiredis=$bin/before_hiredis BEFORE_boost_redis=$folder/before "$bin/before_after_test" >&2 ||
  die "a program does not print what its page says"
say "all programs print what their pages say"

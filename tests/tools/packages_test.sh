#!/bin/bash
# What ./dev setup finds missing, on a machine whose dpkg-query says what we want.
set -euo pipefail

source tools/dev/packages.sh

installed() { printf '%s\n' "$@" >"$TEST_TMPDIR/installed"; }

# Like the real one: an entry for each asked for that is known, and a failure if one is not.
dpkg-query() {
  sed 's/ /\t/g' "$TEST_TMPDIR/installed"
  return 1
}

expect() {
  [ "$2" = "$3" ] || { echo "$1: expected '$3', got '$2'" && exit 1; }
}

installed 'installed a 1.0' 'installed b 3.7-1~bpo12+1'
expect 'all is there' "$(missing_packages a 'b>=3')" ''
expect 'an unknown package is missing' "$(missing_packages a c)" c

installed 'config-files a 1.0' 'installed b 2.13-1'
expect 'a removed package is missing' "$(missing_packages a)" a
expect 'one that is too old comes from backports' \
  "$(missing_packages 'b>=3')" b/bookworm-backports

for command in demo test sim bench bridge commands fuzz fmt lint; do
  [ -n "$(packages_of "$command")" ] || { echo "$command needs nothing?" && exit 1; }
done
! packages_of dance || { echo "dance is no command" && exit 1; }

# The demo must not pull in compilers and suites that only tests need, nor Debian's Node, which is too old.
! packages_of demo | grep -E 'clang|catch2|chromium|nodejs'

#!/bin/bash
# smoke_test.sh BENCHMARK: a quick run ends well, and every line of it has the fields of a row.
set -euo pipefail

rows=$("$1" --quick --json)
fields='^{"bench":.*,"case":.*,"ours":.*,"peer":.*,"ratio":.*,"unit":.*,"goal":.*,"met":.*}$'
if grep --invert-match "$fields" <<<"$rows"; then
  echo "these lines are not rows"
  exit 1
fi
[ "$(wc --lines <<<"$rows")" -gt 1 ] || { echo "no rows but the machine's"; exit 1; }
echo "$rows"

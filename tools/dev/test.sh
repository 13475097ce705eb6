#!/bin/bash
# ./dev test [NAME]: runs the tests, and ends with the line "N passed, N failed"; --help says more.
#
# What runs where, and why: CONTRIBUTING.md. How: tools/testing.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/node.sh

tools/dev/setup.sh --quiet test
PLIMSOLL_NODE=$(find_node) exec python3 -B tools/testing/run.py "$@"

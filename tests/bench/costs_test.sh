#!/bin/bash
# costs_test.sh: no row of bench/budget.toml costs more than it did. Sizes of what the npm package
# ships are checked where they are built: tests/wasm/size_test.mjs, js/test/package/package.test.mjs.
set -euo pipefail
exec /usr/bin/python3 -B bench/budget/check.py --partly --work bench/budget/work \
  --measured-in client_header.lines=bench/budget/client_header_lines

#!/bin/bash
# ./dev docs: writes the pages about the npm package's API, from what its sources say.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/js.sh

tools/dev/setup.sh --quiet test
build_js
(cd js && "$(find_node)" node_modules/typedoc/bin/typedoc >&2)
say "open js/.api/index.html"

#!/bin/bash
# ./dev docs: writes the options in docs/configuration.md, and the pages about the npm package's API,
# from what the sources say.
# --try: see docs-try.sh.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
# With --site the documents become a site: docs-site.sh.
[ "${1:-}" != --site ] || exec tools/dev/docs-site.sh "${@:2}"
[ "${1:-}" != --try ] || exec tools/dev/docs-try.sh
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/js.sh

tools/dev/setup.sh --quiet test
run_bazel run "${quiet_build[@]}" //native/config:reference -- "$PWD/docs/configuration.md" >&2
say "written: docs/configuration.md"
build_js
(cd js && "$(find_node)" node_modules/typedoc/bin/typedoc >&2)
say "open js/.api/index.html"

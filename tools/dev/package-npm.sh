#!/bin/bash
# ./dev package npm: builds the npm packages and the one for JSR, makes them ready for publishing, checks them, and
# shows what would be published.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/pack_bridge.sh
source tools/dev/js.sh
source tools/dev/stage_npm.sh

usage() {
  cat <<'END'
./dev package npm [--output FOLDER]

Makes the npm packages plimsoll and plimsoll-bridge, each as a folder that npm can publish and as a tarball, checks
them with publint and attw, and shows what npm would publish. Makes the package for JSR, from where Deno takes it, and
has Deno check it. Publishes nothing: packaging/npm/README.md says how.

  --output FOLDER    where they go (dist/npm)
END
}

output=$PWD/dist/npm
while [ $# -gt 0 ]; do
  case $1 in
    --output)
      [ -n "${2:-}" ] || die "$1 expects a folder; --help says more"
      output=$(cd "$from" && realpath -m "$2")
      shift 2
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "'$1' is not an option; --help lists them" ;;
  esac
done
tools/dev/setup.sh --quiet package-npm

# run_tool NAME ARGUMENTS: one of the tools of js/package.json.
run_tool() {
  local path
  case $1 in
    publint) path=publint.mjs ;;
    attw) path=node_modules/@arethetypeswrong/cli/dist/index.js ;;
  esac
  shift
  "$(find_node)" "js/$path" "$@" >&2
}

SECONDS=0
build_js
run_bazel build "${quiet_build[@]}" //native/bridge:plimsoll-bridge-release >&2 || die "the bridge does not build"
binary=$(run_bazel info bazel-bin 2>/dev/null)/native/bridge/plimsoll-bridge-release

mkdir -p "$output"
for name in jsr plimsoll plimsoll-bridge; do rm -rf "${output:?}/$name"; done
stage_js "$output/plimsoll"
stage_bridge "$binary" "$output/plimsoll-bridge"

refused=no
for name in plimsoll plimsoll-bridge; do
  tarball=$output/$(pack_npm "$output/$name" "$output")
  say "what npm would publish of $name"
  # The tarball, since npm asks a folder's guard even for this.
  npm publish --dry-run --tag latest "$tarball" >&2 || die "npm would not publish $tarball"
  run_tool publint "$tarball" || die "publint has found what is above"
  # As with ioredis, require("plimsoll/ioredis") is a class that has itself as its default, which attw does not see.
  # The bridge is a command, and has nothing to import.
  [ "$name" != plimsoll ] || run_tool attw "$tarball" --ignore-rules false-export-default ||
    die "attw has found what is above"
  "$(find_node)" "$output/$name/publish_guard.mjs" || refused=yes
  echo "$tarball"
done

say "what Deno would publish to JSR"
stage_jsr "$output/plimsoll" "$output/jsr"
deno=$PWD/js/node_modules/.bin/deno
# Git does not know the folder. Deno takes certificates that this machine has been told to trust if it is asked to.
(cd "$output/jsr" && DENO_TLS_CA_STORE=system,mozilla "$deno" publish --dry-run --allow-dirty --no-provenance >&2) ||
  die "Deno would not publish it"
echo "$output/jsr"
[ "$refused" = no ] || say "npm refuses to publish these, as is said above, until packaging/project.json has addresses"
say "made in $SECONDS s: all that was checked is right"

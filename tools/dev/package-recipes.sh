#!/bin/bash
# ./dev package recipes: makes the source archive of a release, and the recipes of package managers that name it.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh

usage() {
  cat <<'END'
./dev package recipes [--output FOLDER] [--try]

Makes plimsoll-VERSION.tar.gz from the files that git knows, as they are in the working tree, and recipes for vcpkg,
Conan and the Bazel Central Registry, which name the archive's address and hash.

  --output FOLDER    where they go (dist/recipes); what was there before is removed
  --try              then follows the recipes for vcpkg and Conan step by step with CMake and Debian's libraries, and
                     builds and runs the programs of tests/consumer with the outcome. It takes some minutes. Neither
                     vcpkg nor Conan is in Debian, so stand-ins of their functions serve (tests/packaging/recipes_trial).
                     ./dev package elsewhere sid tries the entry of the registry, with a real Bazel 7.
END
}

output=$PWD/dist/recipes
trial=
while [ $# -gt 0 ]; do
  case $1 in
    --output)
      [ -n "${2:-}" ] || die "$1 expects a value; --help says more"
      output=$(cd "$from" && realpath -m "$2")
      shift 2
      ;;
    --try)
      trial=yes
      shift
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "'$1' is not an option; --help lists them" ;;
  esac
done
if [ -n "$(ls -A "$output" 2>/dev/null)" ] && [ ! -d "$output/bcr" ]; then
  die "$output has files that are no recipes; name an empty folder"
fi

# The same commit makes the same archive.
seconds=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
git diff --quiet HEAD || say "there are changes that are not committed; the archive has them"
rm -rf "$output"
mkdir -p "$output"
git ls-files -z | python3 -B packaging/recipes.py "$output" --seconds "$seconds"
(cd "$output" && find . -type f | sort | sed 's/^../  /')
say "made in $output"
[ -z "$trial" ] || exec tests/packaging/recipes_trial/try.sh "$output"

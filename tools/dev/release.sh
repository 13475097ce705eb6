#!/bin/bash
# ./dev release: builds all that a release has, checks it, and says what to do with it. Nothing is published.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/bazel.sh
source tools/dev/js.sh
source tools/dev/release_parts.sh

usage() {
  cat <<'END'
./dev release [--dry-run] [--twice] [--part PART]... [--output FOLDER]
./dev release VERSION --prepare

Builds a release of the commit that is checked out, in a clone of its own: the source archive, the npm packages, Debian
packages and static bridges for x86-64 and arm64, with checksums, a bill of materials (CycloneDX) and a statement of
where they come from (in-toto, SLSA). docs/releasing.md has the whole way to a release. Nothing is published. Debian
packages for arm64 need root.

Without --dry-run the commit must have the tag vVERSION and a section in CHANGELOG.md, and packaging/project.json must
have real addresses.

  --dry-run          builds all the same where that is not so
  --twice            builds in two folders, and says which files differ
  --part PART        builds only this part (source, npm, deb, deb-arm64 or bridge), and perhaps another one
  --output FOLDER    where the files go; what was there before is removed (dist/release)
  --prepare          writes VERSION to all places that have the version, and makes its section of CHANGELOG.md of what
                     is unreleased; the commit is yours
END
}

output=$PWD/dist/release dry=no twice=no prepare=no version=
parts=()
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --twice) twice=yes ;;
    --prepare) prepare=yes ;;
    --output | --part)
      [ -n "${2:-}" ] || die "$1 expects a value; --help says more"
      if [ "$1" = --output ]; then
        output=$(cd "$from" && realpath -m "$2")
      else
        [[ " $release_parts " = *" $2 "* ]] || die "'$2' is none of the parts: $release_parts"
        parts+=("$2")
      fi
      shift
      ;;
    -h | --help)
      usage
      exit
      ;;
    -*) die "'$1' is not an option; --help lists them" ;;
    *)
      [ -z "$version" ] || die "expected one version, and not '$version' and '$1'"
      version=$1
      ;;
  esac
  shift
done

if [ "$prepare" = yes ]; then
  [ -n "$version" ] || die "--prepare expects a version: ./dev release 1.2.3 --prepare"
  tools/release/versions.py --set "$version" >/dev/null || exit 2
  say "prepared $version: look at it with git diff; then commit, and go on in docs/releasing.md"
  exit
fi
[ -z "$version" ] || die "a version is for --prepare; what is released is the commit that is checked out"
version=$(tools/release/versions.py) || exit 2
[ ${#parts[@]} -gt 0 ] || read -ra parts <<<"$release_parts"

# refuse_unready: says all that keeps this commit from being released.
refuse_unready() {
  local problems=() fields
  fields=$(tools/release/statements.py --placeholders) || exit 2
  [ -z "$fields" ] || problems+=("packaging/project.json has no real address yet: $fields")
  [ -z "$(git status --porcelain)" ] || problems+=("there are changes that are not committed")
  git tag --points-at HEAD | grep -qxF "v$version" || problems+=("the commit has no tag v$version")
  tools/release/versions.py --changes >/dev/null 2>&1 ||
    problems+=("CHANGELOG.md has no section of $version; ./dev release $version --prepare makes one")
  [ ${#problems[@]} = 0 ] || {
    printf 'release: %s\n' "${problems[@]}" >&2
    die "$version cannot be released as it is; --dry-run builds it all the same. docs/releasing.md has each step"
  }
}

[ "$dry" = yes ] || refuse_unready
[ -z "$(git status --porcelain)" ] || say "there are changes that are not committed; the release does not have them"
tools/dev/setup.sh --quiet release

SECONDS=0
folder=$(mktemp -d)
# Bazel keeps what it has built of each folder, and a server, until it is told to go.
remove_clones() {
  local clone
  for clone in "$folder"/*/tree; do
    [ ! -e "$clone/bazel-bin" ] || (cd "$clone" && run_bazel clean --expunge >/dev/null 2>&1) || true
  done
  rm -rf "$folder"
}
trap remove_clones EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# build PLACE: into $folder/PLACE/files.
build() {
  mkdir -p "$folder/$1"
  git clone --quiet "$PWD" "$folder/$1/tree"
  git -C "$folder/$1/tree" checkout --quiet --detach "$(git rev-parse HEAD)"
  "$folder/$1/tree/tools/dev/release-build.sh" "$folder/$1/files" "${parts[@]}"
}

build once
if [ "$twice" = yes ]; then
  say "building all of it again, in another folder"
  # A name of another length: paths that get into a file move what comes after them.
  build once-more
  if ! tools/release/compare.py "$folder/once/files" "$folder/once-more/files"; then
    rm -rf "$output" && mkdir -p "$output"
    mv "$folder/once/files" "$output/first"
    mv "$folder/once-more/files" "$output/second"
    die "two builds differ; both are in $output"
  fi
fi
install_js_tools tools/release
"$(find_node)" tools/release/validate.mjs "$folder/once/files/plimsoll-$version.cdx.json" >&2 ||
  die "the bill of materials is not valid"
rm -rf "$output"
mkdir -p "$(dirname "$output")"
mv "$folder/once/files" "$output"
(cd "$output" && sha256sum --check --quiet SHA256SUMS) || die "the checksums are not those of the files"
(cd "$output" && find . -type f -printf '%s %P\n' | sort -k 2 | while read -r size name; do
  printf '%9d  %s\n' "$size" "$name"
done)
say "built $version ($(git rev-parse --short HEAD)) in $SECONDS s, in $output"
[ "$dry" = yes ] || say "docs/releasing.md says how to sign and publish it"

#!/bin/bash
# ./dev docs --site: makes a site of the documents, in .site. --help says more.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/js.sh

usage() {
  cat <<'END'
./dev docs --site [--base PATH] [--check] [--screenshots FOLDER]

Makes a static site in .site: the documents that tools/site/index.json lists, in its order, and the reference of the
npm package's API and of the C++ headers that users include, of which each class and struct must have a comment. Any
web server can serve the folder: python3 -m http.server --directory .site

  --base PATH           where the site will lie on its host, such as /plimsoll/ (default: /)
  --check               then opens each page in Chromium: dead links, errors, what does not fit a narrow screen,
                        and what axe finds, light and dark. Takes some minutes of a processor
  --screenshots FOLDER  with --check: pictures of the pages, light, dark and narrow
END
}

base=/
check=no
screenshots=
while [ $# -gt 0 ]; do
  case $1 in
    --base | --screenshots)
      [ $# -gt 1 ] || die "$1 takes a value"
      [ "$1" = --base ] && base=$2 || screenshots=$(realpath "$2")
      shift 2
      ;;
    --check)
      check=yes
      shift
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "expected --base, --check, --screenshots or --help, not '$1'" ;;
  esac
done
[[ $base == /*/ || $base == / ]] || die "--base begins and ends with a slash, such as /plimsoll/; not '$base'"
[ "$check" = no ] || [ "$base" = / ] || die "--check serves the site at /: it goes without --base"

tools/dev/setup.sh --quiet test docs
build_js
install_js_tools tools/site
say "making the site"
SITE_BASE=$base "$(find_node)" tools/site/build.mjs >&2 || die "the site cannot be made"
if [ "$check" = yes ]; then
  say "opening each page"
  "$(find_node)" tools/site/check_pages.mjs .site ${screenshots:+"$screenshots"} ||
    die "the pages have the faults above"
fi
say "open .site/index.html by a web server: python3 -m http.server --directory .site"

# shellcheck shell=bash
# What the scripts have in common that make Debian packages, or try them. To be sourced behind say.sh, from the project's
# folder.

# begin_packages: by the time that this sets, the same commit makes the same packages.
begin_packages() {
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
  export DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS:-parallel=$(nproc)}
  git diff --quiet HEAD || say "there are changes that are not committed; the packages have them"
  umask 022
}

# make_source_tree FOLDER: prints the tree's path.
make_source_tree() {
  git ls-files -z | python3 -B packaging/debian_source.py "$1" --seconds "$SOURCE_DATE_EPOCH" || die "there is no source tree"
}

# check_packages CHANGES: with lintian, which looks at nothing as root unless it is told to.
check_packages() {
  say "lintian looks at them"
  lintian --allow-root --fail-on error,warning "$1" || {
    say "lintian has found what is above; lintian-explain-tags TAG says what a tag means"
    exit 1
  }
}

# put_packages FOLDER FILE...
put_packages() {
  local output=$1 file
  shift
  mkdir -p "$output"
  for file in "$@"; do
    install -m 644 "$file" "$output/"
    printf '%9d  %s\n' "$(stat -c %s "$file")" "$output/$(basename "$file")"
  done
}

# copy_trial ROOT PACKAGE...: into a bare system, the packages as /packages, and what tries them as /trial:
# tests/packaging/deb_trial, tests/consumer, and the blocks of docs/getting_started_debian.md, in page/.
copy_trial() {
  local root=$1
  shift
  mkdir -p "$root/trial/page" "$root/packages"
  cp -r tests/packaging/deb_trial/. tests/consumer "$root/trial/"
  awk -v folder="$root/trial/page" '
    /^```(sh|cpp)$/ { language = substr($0, 4); file = folder "/" ++count[language] "." language; next }
    /^```$/ { file = ""; next }
    file { print > file }' docs/getting_started_debian.md
  cp "$@" "$root/packages/"
}

# shellcheck shell=bash
# What the trials expect. To be sourced.

fail() {
  echo "deb_trial: $*" >&2
  exit 1
}

# expect WHAT WANTED FOUND
expect() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', not '$3'"
}

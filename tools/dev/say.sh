# shellcheck shell=bash
# Messages of the ./dev commands, for people: standard output belongs to results.

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

die() {
  say "$*"
  exit 2
}

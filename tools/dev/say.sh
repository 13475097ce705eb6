# shellcheck shell=bash
# Messages of the ./dev commands, for people: standard output belongs to results.

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

die() {
  say "$*"
  exit 2
}

# quietly WHAT COMMAND...: shows what the command said only if it fails. The script has set `log`, a file.
quietly() {
  local what=$1
  shift
  "$@" >"${log:?}" 2>&1 || {
    tail -n 60 "$log" >&2
    die "$what failed"
  }
}

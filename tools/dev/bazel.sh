# shellcheck shell=bash
# Debian's Bazel (another one may come first in PATH), as every ./dev command starts it.

run_bazel() {
  local startup=()
  # It keeps what it builds below $HOME, and fails where it cannot.
  if [ ! -w "${HOME:-}" ]; then
    startup+=("--output_user_root=${TMPDIR:-/tmp}/plimsoll-bazel-$(id -u)")
  fi
  /usr/bin/bazel "${startup[@]}" "$@"
}

# Progress is for eyes; a log needs little of it.
quiet_build=(--show_result=0 --noshow_loading_progress)
[ -t 2 ] || quiet_build+=(--noshow_progress)

# Bazel makes a folder of links for each action, to what the action may read. In memory that costs the system
# half as much. There must be room for what actions write: a container's /dev/shm often has 64 MiB in all.
if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -n 1)" -ge 4194304 ]; then
  quiet_build+=(--sandbox_base=/dev/shm)
fi

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

# Each action runs in a folder of links to what it may read. They are made sooner in memory, where that has room
# for what some actions write; in a container /dev/shm may have 64 MiB in all.
if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -n 1)" -ge 4194304 ]; then
  quiet_build+=(--sandbox_base=/dev/shm)
fi

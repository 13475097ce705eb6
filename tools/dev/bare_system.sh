# shellcheck shell=bash
# Bare Debian systems in folders, made by debootstrap and entered by systemd-nspawn. To be sourced after say.sh and
# apt.sh, by a script that has set `folder`, which is removed at the end, with `root` and `log` in it.

# spawn ARGUMENT...: systemd-nspawn, which wants a /run that is no disk, as in containers and small machines.
spawn() {
  exec unshare --mount sh -c 'mount -t tmpfs tmpfs /run && exec systemd-nspawn "$@"' sh \
    --quiet --register=no --keep-unit --directory "$root" "$@"
}

# inside COMMAND...: in the system that is not booted, with the network.
inside() { (spawn --as-pid2 --pipe --setenv=DEBIAN_FRONTEND=noninteractive "$@" </dev/null); }

# install_inside PACKAGE...
install_inside() { quietly "apt-get install" inside apt-get -qq install --yes --no-install-recommends "$@"; }

# make_system SUITE: from the mirror of this machine's apt; bookworm with all suites of it that apt has here.
make_system() {
  local suites mirror
  suites=$(apt_suites | grep -E ' bookworm(-[a-z]+)?$' | sort -u)
  mirror=$(sed -n 's/ bookworm$//p' <<<"$suites" | head -n 1)
  [ -n "$mirror" ] || die "apt has no source for bookworm here, so no mirror to make a system from"
  [ "$1" = bookworm ] || suites="$mirror $1"
  say "making a bare system: $1, from $mirror"
  quietly debootstrap debootstrap --variant=minbase "$1" "$root" "$mirror"
  sed 's/^/deb /; s/$/ main/' <<<"$suites" >"$root/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::[a-z:]*Proxy ' >"$root/etc/apt/apt.conf.d/90proxy" || true
  # Sid's lists hold for a week. A mirror that is behind will do for a trial.
  [ "$1" != sid ] || echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90behind"
  quietly "apt-get update" inside apt-get -qq update
}

# remove_system: with what an interrupted debootstrap has left mounted.
remove_system() {
  ! mountpoint --quiet "$root/proc" || umount "$root/proc"
  rm -rf --one-file-system "$folder"
}

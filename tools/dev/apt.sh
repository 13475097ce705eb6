# shellcheck shell=bash
# Installing Debian packages: root, the backports suite, and no daemon started on the way.

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The suites that apt reads, with the mirror of each: "URL SUITE" a line.
# shellcheck disable=SC2016  # apt expands these
apt_suites() { apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages'; }

# Adds bookworm-backports, from the mirror that bookworm itself comes from here.
enable_backports() {
  local mirror
  ! apt_suites | grep -q ' bookworm-backports$' || return 0
  mirror=$(apt_suites | sed -nE 's/ (bookworm|oldstable)$//p' | head -n 1)
  [ -n "$mirror" ] || die "apt has no source for bookworm, so none to take bookworm-backports from"
  say "adding $mirror bookworm-backports to apt's sources"
  as_root tee /etc/apt/sources.list.d/bookworm-backports.sources >/dev/null <<END
Types: deb
URIs: $mirror
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
}

# Packages of servers start them when installed, unless this file says no (101).
policy=/usr/sbin/policy-rc.d

forbid_daemons() {
  [ ! -e "$policy" ] || return 0
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod +x "$policy"
}

# apt_install PACKAGE...
apt_install() {
  local install=("$@") options=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600)
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "installing needs root or sudo: run this as root, or install by hand: ${install[*]}"
  enable_backports
  forbid_daemons
  say "installing ${install[*]}"
  as_root apt-get "${options[@]}" update || die "apt-get update failed"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" -o Dpkg::Use-Pty=0 \
    install --yes --no-install-recommends "${install[@]}" >/dev/null </dev/null ||
    die "apt-get install failed"
}

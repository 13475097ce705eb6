#!/bin/bash
# Purges the packages while the bridge runs, and looks what is left. The argument is a list of the files that there
# were before the packages came.
set -euo pipefail

# list_files: what there is, but for what dpkg, apt and systemd write about anything.
list_files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /trial \
    -o -path /packages -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd -o -path /var/cache \
    -o -path /var/log -o -path /var/tmp -o -path /var/lib/valkey \) -prune -o -print | sort
}

if [ "$1" = --list ]; then
  list_files
  exit
fi

export DEBIAN_FRONTEND=noninteractive
apt-get purge -qq --yes plimsoll-bridge libplimsoll-dev libplimsoll0 >/tmp/purge.log 2>&1 || { cat /tmp/purge.log >&2; exit 1; }
# By default apt keeps what a package that stays merely recommends or suggests, as ca-certificates.
apt-get autoremove -qq --yes --purge -o APT::AutoRemove::RecommendsImportant=false \
  -o APT::AutoRemove::SuggestsImportant=false >/tmp/purge.log 2>&1 || { cat /tmp/purge.log >&2; exit 1; }

if systemctl cat plimsoll-bridge >/dev/null 2>&1 || pgrep plimsoll-bridge >/dev/null; then
  echo "deb_trial: the bridge is still there after the purge" >&2
  exit 1
fi
# What apt and systemd replace while they work; the user's files have another number of a backup, at most.
left=$(list_files | comm -13 "$1" - | grep -Ev '^/etc/(passwd|group|shadow|gshadow)-$|^/etc/machine-id$' || true)
if [ -n "$left" ]; then
  printf 'deb_trial: left after the purge:\n%s\n' "$left" >&2
  exit 1
fi

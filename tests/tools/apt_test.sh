#!/bin/bash
# How ./dev installs packages: with an apt-get, and a machine, that say what we want.
set -euo pipefail

source tools/dev/say.sh
source tools/dev/apt.sh

machine=$TEST_TMPDIR/machine
policy=$machine/policy-rc.d
enabled_units=$machine/units
enabled_scripts=$machine/rc2.d
simulated="Inst libboost1.83-dev (1.83.0-2~bpo12+1 Debian Backports:oldstable-backports [amd64])
Inst valkey-server [8.0.1-1] (8.0.2-1~bpo12+1 Debian Backports:oldstable-backports, Other:x [amd64])
Inst g++ (4:12.2.0-3 Debian:12.11/oldstable [amd64])
Conf g++ (4:12.2.0-3 Debian:12.11/oldstable [amd64])"

new_machine() {
  rm -rf "$machine"
  mkdir -p "$enabled_units/multi-user.target.wants" "$enabled_scripts" "$machine/bin"
  ln -s /lib/postgresql.service "$enabled_units/multi-user.target.wants/postgresql.service"
  : >"$machine/log"
}

# On this machine everybody is root.
as_root() { "$@"; }
sudo() { "$@"; }
apt_suites() { echo 'https://debian.example bookworm-backports'; }
dpkg() { return 1; }

# One that starts what it installs where the policy lets it, and has it begin with the machine.
apt-get() {
  case " $* " in
    *' update '*) echo "update" >>"$machine/log" ;;
    *' --simulate '*) echo "$simulated" ;;
    *' install '*)
      echo 'install' >>"$machine/log"
      "$policy" valkey-server start && echo 'started' >>"$machine/log"
      ln -s /lib/valkey-server.service "$enabled_units/multi-user.target.wants/"
      ln -s ../init.d/valkey-server "$enabled_scripts/S01valkey-server"
      "${while_installing:-true}"
      ;;
  esac
}
# `env` is a program, which knows no functions.
env() { shift && "$@"; }
systemctl() { echo "systemctl $*" >>"$machine/log" && rm "$enabled_units/multi-user.target.wants/$3"; }
update-rc.d() { echo "update-rc.d $*" >>"$machine/log" && rm "$enabled_scripts/S01$1"; }

said=$TEST_TMPDIR/said
install_it() { (apt_install valkey-server g++) 2>"$said"; }

fail() {
  echo "$*"
  cat "$said" "$machine/log"
  exit 1
}
expect_log() { [ "$(<"$machine/log")" = "$1" ] || fail "expected the log '$1'"; }
expect_said() { [[ $(<"$said") == *"$1"* ]] || fail "it does not say '$1'"; }
status_of() {
  local status=0
  "$@" || status=$?
  echo "$status"
}

new_machine
[ "$(status_of install_it)" = 0 ] || fail 'it does not install'
expect_log 'update
install
update-rc.d valkey-server disable
systemctl disable --quiet valkey-server.service'
[ ! -e "$policy" ] || fail 'it leaves its policy behind'
[ -L "$enabled_units/multi-user.target.wants/postgresql.service" ] || fail 'it disables what was there'
expect_said '  from Debian Backports:oldstable-backports:
    libboost1.83-dev 1.83.0-2~bpo12+1
    valkey-server 8.0.2-1~bpo12+1
  from Debian:12.11/oldstable:
    g++ 4:12.2.0-3'

echo 'What it installs is shown before anything is.'
new_machine
see_what_was_said() { grep -q 'valkey-server 8.0.2' "$said" && echo 'shown' >>"$machine/log"; }
while_installing=see_what_was_said
[ "$(status_of install_it)" = 0 ] || fail 'it does not install'
grep -q shown "$machine/log" || fail 'it shows nothing before'
while_installing=

echo 'An installation that fails, or is interrupted, leaves no policy either.'
for ending in 'return 1' 'kill -INT $BASHPID' 'kill -TERM $BASHPID'; do
  new_machine
  breaks() { eval "$ending"; }
  while_installing=breaks
  [ "$(status_of install_it)" != 0 ] || fail "it does not notice: $ending"
  [ ! -e "$policy" ] || fail "it leaves its policy behind: $ending"
done
while_installing=

echo "A policy of the machine's own that says no is kept as it is."
new_machine
printf '#!/bin/sh\n# ours\nexit 101\n' >"$policy" && chmod +x "$policy"
cp -p "$policy" "$machine/policy.before"
[ "$(status_of install_it)" = 0 ] || fail 'it does not install'
! grep -q started "$machine/log" || fail 'it starts a server'
cmp "$policy" "$machine/policy.before" || fail 'it changes a policy'

echo 'With one that says yes, nothing is installed.'
for status in 0 104; do
  new_machine
  printf '#!/bin/sh\nexit %s\n' "$status" >"$policy" && chmod +x "$policy"
  [ "$(status_of install_it)" = 2 ] || fail 'it installs'
  expect_log update
  expect_said 'lets packages start their services'
  [ -e "$policy" ] || fail 'it removes a policy'
done

echo 'One that a setup left behind when it was killed is its own.'
new_machine
printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy" && chmod +x "$policy"
[ "$(status_of install_it)" = 0 ] || fail 'it does not install'
[ ! -e "$policy" ] || fail 'it leaves its policy behind'

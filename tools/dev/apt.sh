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

# apt_apart FOLDER PROGRAM ARGUMENT...: apt-get or apt-cache with a state of its own in FOLDER, so that nothing of this
# machine's apt changes, and with this machine's proxies.
apt_apart() {
  local folder=$1 program=$2
  shift 2
  "$program" -qq -o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)" -o Dir::Etc::sourcelist="$folder/sources.list" \
    -o Dir::Etc::sourceparts=/dev/null -o Dir::State="$folder/state" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$folder/cache" "$@"
}

# apt_apart_from FOLDER SOURCE...: makes that state. A source is "deb URL SUITE" or "deb-src URL SUITE".
apt_apart_from() {
  local folder=$1 source
  shift
  mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
  for source in "$@"; do
    echo "${source%% *} [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${source#* } main"
  done >"$folder/sources.list"
  apt_apart "$folder" apt-get update || die "apt-get update failed for: $*"
}

# What packages of servers ask before they start them on installation; 101 is no.
policy=/usr/sbin/policy-rc.d
policy_mark='# Written by ./dev setup, for the time of an installation.'

# Where units that begin with the machine are linked, and scripts of machines without systemd.
enabled_units=/etc/systemd/system
enabled_scripts=/etc/rc2.d

# Nobody's policy is overwritten: where there is one, it has to say no by itself.
forbid_daemons() {
  local package
  if [ -e "$policy" ] && ! grep -qxF "$policy_mark" "$policy"; then
    for package in "$@"; do
      [ "$(policy_of "${package%%/*}")" = 101 ] || refuse_policy "$@"
    done
    return 0
  fi
  # One with our mark was left behind by a setup that was killed.
  trap 'as_root rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" | as_root tee "$policy" >/dev/null
  as_root chmod +x "$policy"
}

# What the machine's own policy says to a package that wants to start its service.
policy_of() {
  local status=0
  as_root "$policy" "$1" start >/dev/null 2>&1 </dev/null || status=$?
  echo "$status"
}

refuse_policy() {
  die "$policy lets packages start their services when they are installed. Have it end with 101 meanwhile, or" \
    "install by hand: apt-get install --no-install-recommends $*"
}

# list_enabled: the units and scripts that begin with the machine, a path a line.
list_enabled() {
  find "$enabled_units" "$enabled_scripts" -type l \
    \( -path '*.wants/*' -o -path '*.requires/*' -o -path "$enabled_scripts/S*" \) 2>/dev/null | sort
}

# disable_new FILE: what has been enabled since list_enabled wrote FILE is disabled. A server of a test
# is started by the test; at the next start of the machine nobody would expect it.
disable_new() {
  local path name
  list_enabled | comm -13 "$1" - | while read -r path; do
    name=$(basename "$path")
    # Where systemd itself is new, its own units are no servers of ours.
    case $(dpkg -S "$(readlink "$path")" 2>/dev/null) in systemd* | udev*) continue ;; esac
    case $path in
      "$enabled_scripts"/*)
        name=${name#S[0-9][0-9]}
        as_root update-rc.d "$name" disable >/dev/null 2>&1 || say "cannot disable the script $name"
        ;;
      # What there is to be disabled has no other name.
      *)
        as_root systemctl disable --quiet "$name" >/dev/null 2>&1 || as_root rm -f "$path" ||
          say "cannot disable $name"
        ;;
    esac
  done
}

# show_plan: what `apt-get install --simulate` says it would do, read from standard input, by origin.
show_plan() {
  sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) ([^],[)]*[^] ,[)]).*/\4\t\1 \3/p' |
    sort | awk -F '\t' '
      $1 != origin { origin = $1; printf "  from %s:\n", origin }
      { printf "    %s\n", $2 }' >&2
}

# apt_install PACKAGE...: shows what comes with them and from where, and installs it. Nothing is started,
# then or with the machine.
apt_install() {
  local install=("$@") options=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600)
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "installing needs root or sudo: run this as root, or install by hand: ${install[*]}"
  # In a shell of its own, whose traps are nobody else's.
  (apt_install_apart) || exit
}

apt_install_apart() {
  local plan before
  enable_backports
  as_root apt-get "${options[@]}" update || die "apt-get update failed"
  plan=$(apt-get "${options[@]}" install --simulate --no-install-recommends "${install[@]}") ||
    die "apt-get cannot install ${install[*]}"
  say "installing ${install[*]}. All that this brings, none of which is started:"
  show_plan <<<"$plan"
  forbid_daemons "${install[@]}"
  before=$(mktemp)
  list_enabled >"$before"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" -o Dpkg::Use-Pty=0 \
    install --yes --no-install-recommends "${install[@]}" >/dev/null </dev/null ||
    die "apt-get install failed"
  disable_new "$before"
  rm -f "$before"
}

# shellcheck shell=bash
# Boost.Redis, beside which the documents and a benchmark set our client. Debian 12's Boost does not have it, so it comes
# from a later Debian's package, into a folder of this working tree: nothing is installed, and apt's own state stays as it is.
#
# To be sourced, behind say.sh and apt.sh.

boost_redis_package=libboost1.88-dev
boost_redis_suite=trixie
boost_redis_folder=.peers/boost
boost_redis_include=$boost_redis_folder/usr/include

# fetch_boost_redis: its headers below boost_redis_include, once.
fetch_boost_redis() {
  [ ! -e "$boost_redis_include/boost/redis.hpp" ] || return 0
  local mirror apart
  mirror=$(apt_suites | sed -n 's/ bookworm$//p' | head -n 1)
  [ -n "$mirror" ] || die "apt has no source for bookworm here, so no mirror to take $boost_redis_package from"
  say "fetching $boost_redis_package of $boost_redis_suite from $mirror into $boost_redis_folder"
  apart=$(mktemp -d)
  # In a shell of its own, whose trap is nobody else's.
  (
    trap 'rm -rf "$apart"' EXIT
    apt_apart_from "$apart" "deb $mirror $boost_redis_suite"
    (cd "$apart" && apt_apart "$apart" apt-get download "$boost_redis_package") || die "$boost_redis_package cannot be had"
    # Whole or not at all.
    mkdir -p "$(dirname "$boost_redis_folder")" "$apart/unpacked"
    dpkg-deb --extract "$apart/$boost_redis_package"_*.deb "$apart/unpacked" || die "$boost_redis_package cannot be unpacked"
    rm -rf "$boost_redis_folder"
    mv "$apart/unpacked" "$boost_redis_folder"
  ) || exit
}

# boost_redis_version: of the Boost that has it.
boost_redis_version() {
  sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"$/\1/p' "$boost_redis_include/boost/version.hpp" | tr _ .
}

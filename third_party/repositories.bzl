"""What Plimsoll builds on, each under the name that the Bazel Central Registry gives it.

All of it is installed by Debian packages, so loading these needs no network. A
workspace that already has a repository of one of these names keeps its own.
"""

load(":bazel_rules.bzl", "coverage_stub", "patched_rules_cc")
load(":clang.bzl", "clang_toolchain")
load(":debian.bzl", "debian_library")

_RULES = "/usr/share/bazel/rules"
_TOOLS = "/usr/share/bazel/tools"

def _once(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def _library(name, package, header, **kwargs):
    _once(
        debian_library,
        name = name,
        build_file = "@plimsoll//third_party/labels:%s.BUILD" % name,
        header = "/usr/include/" + header,
        package = package,
        **kwargs
    )

def plimsoll_repositories():
    """Declares what a user of the library needs.

    Each is looked for when something is built on it: toml++ by //native/config alone.
    """
    _once(native.local_repository, "bazel_skylib", path = _TOOLS + "/skylib")
    _once(native.local_repository, "platforms", path = _TOOLS + "/platforms")
    _once(native.local_repository, "rules_java", path = _RULES + "/java")
    _once(native.local_repository, "rules_proto", path = _RULES + "/proto")
    _once(patched_rules_cc, "rules_cc", path = _RULES + "/cc")
    _once(coverage_stub, "remote_coverage_tools")

    _library("boost.asio", "libboost1.83-dev", "boost/asio.hpp")
    _library("boost.beast", "libboost1.83-dev", "boost/beast.hpp")
    _library("openssl", "libssl-dev", "openssl/opensslv.h")
    _library("tomlplusplus", "libtomlplusplus-dev", "toml++/toml.h")
    _library("xxhash", "libxxhash-dev", "xxhash.h", links = ["xxhash.h"])

def plimsoll_dev_repositories():
    """Declares what only this repository's tests and programs need."""
    # A workspace of its own, whose files tests of other doors than Bazel's read.
    _once(native.local_repository, "consumer", path = "tests/consumer")
    _once(clang_toolchain, "clang_toolchain", path = "/usr/bin/clang-19", package = "clang-19")

    _library("catch2", "catch2", "catch2/catch_all.hpp")
    _library("cli11", "libcli11-dev", "CLI/CLI.hpp")
    _library("hiredis", "libhiredis-dev", "hiredis/hiredis.h")
    _library("libev", "libev-dev", "ev.h")
    _library("nlohmann_json", "nlohmann-json3-dev", "nlohmann/json.hpp")

"""How this repository declares its C++ libraries and tests."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")

# The core refuses, it does not throw; and what must run in WebAssembly has neither of these there.
_PORTABLE_HOUSES = ["core", "wasm"]
_PORTABLE_COPTS = ["-fno-exceptions", "-fno-rtti"]

def plimsoll_library(name, srcs = [], hdrs = [], copts = [], **kwargs):
    """A cc_library whose headers are included as "plimsoll/<package>/<file>.h".

    That spelling holds here and in a workspace that has this one as @plimsoll.

    Args:
      name: as in cc_library.
      srcs: .cc files only, which the WebAssembly build picks up from here too.
      hdrs: all headers, private ones as well: only these have the plimsoll/ path.
      copts: as in cc_library.
      **kwargs: as in cc_library.
    """
    for src in srcs:
        if src.endswith(".h"):
            fail("%s: a header belongs in hdrs, or no file could include it" % src)
    cc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs,
        copts = _house_copts() + copts,
        include_prefix = "plimsoll/" + native.package_name(),
        strip_include_prefix = ".",
        **kwargs
    )

def plimsoll_test(name, srcs = None, copts = [], deps = [], size = "small", **kwargs):
    """A Catch2 test. Its source is <name>.cc unless srcs says otherwise.

    Args:
      name: as in cc_test.
      srcs: as in cc_test.
      copts: as in cc_test; what this house adds goes before them.
      deps: as in cc_test; Catch2 and its main() are added.
      size: as in cc_test: the most that the test may take, which .bazelrc says.
      **kwargs: as in cc_test.
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs or [name + ".cc"],
        copts = _test_copts() + copts,
        deps = deps + [
            "@catch2",
            "@catch2//:catch2_main",
        ],
        **kwargs
    )

def _house_copts():
    house = native.package_name().split("/")[0]
    return _PORTABLE_COPTS if house in _PORTABLE_HOUSES else []

# These take longer to compile than to run.
_QUICK_TESTS = ["tests/commands", "tests/core", "tests/native"]

def _test_copts():
    if "/".join(native.package_name().split("/")[:2]) not in _QUICK_TESTS:
        return []
    return select({
        "//tools/build:optimized": ["-O0", "-U_FORTIFY_SOURCE"],
        "//conditions:default": [],
    })

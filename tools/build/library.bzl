"""How this repository declares its C++ libraries and tests."""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

# The core refuses, it does not throw; and what must run in WebAssembly has neither of these there.
_PORTABLE_ROOMS = ["core", "wasm"]
_PORTABLE_COPTS = ["-fno-exceptions", "-fno-rtti"]

_CATCH2 = [
    "@catch2",
    "@catch2//:catch2_main",
]

def plimsoll_library(name, srcs = [], hdrs = [], copts = [], apart = [], for_users = False, **kwargs):
    """A cc_library whose headers are included as "plimsoll/<package>/<file>.h".

    That spelling holds here and in a workspace that has this one as @plimsoll. What users include is
    "plimsoll/<file>.h", wherever it lies.

    Args:
      name: as in cc_library.
      srcs: .cc files only, which the WebAssembly build picks up from here too.
      hdrs: all headers, private ones as well: only these have the plimsoll/ path.
      copts: as in cc_library.
      apart: those of srcs that are alike on purpose, down to the names that they keep to themselves: each
          is compiled by itself, not as one with others.
      for_users: whether users include the headers, all of them.
      **kwargs: as in cc_library.
    """
    for src in srcs:
        if src.endswith(".h"):
            fail("%s: a header belongs in hdrs, or no file could include it" % src)
    units = _units(name, [src for src in srcs if src not in apart])
    cc_library(
        name = name,
        srcs = select({
            "//tools/build:separate": srcs,
            "//conditions:default": units + apart,
        }) if units else srcs,
        hdrs = hdrs,
        # The units' sources, which are compiled as parts of them; tools/wasm knows them by this, too.
        textual_hdrs = srcs if units else [],
        copts = _house_copts() + copts,
        include_prefix = "plimsoll" if for_users else "plimsoll/" + native.package_name(),
        strip_include_prefix = ".",
        **kwargs
    )
    if for_users:
        native.filegroup(
            name = name + "_headers",
            srcs = hdrs,
            visibility = ["//:__pkg__"],
        )

# Files of a library that are compiled as one: fewer, and each pays for all the headers; more, and a changed
# line costs more than what it touches.
_FILES_IN_UNIT_MAX = 8

def _units(name, srcs):
    """Sources that include a few of `srcs` each; none, where there would be no more than one of one."""
    files = [src for src in srcs if not ":" in src]
    if len(files) < 2 or len(files) < len(srcs):
        return []
    count = (len(files) + _FILES_IN_UNIT_MAX - 1) // _FILES_IN_UNIT_MAX
    units = []
    for number in range(count):
        unit = "%s_unit_%d" % (name, number + 1)
        _write_unit(unit, files[number * len(files) // count:(number + 1) * len(files) // count])
        units.append(unit + ".cc")
    return units

# gcc takes the files that a unit includes for headers, and warns of classes there that have members of
# anonymous types.
_UNIT_BEGIN = [
    "#if defined(__GNUC__) && !defined(__clang__)",
    '#pragma GCC diagnostic ignored "-Wsubobject-linkage"',
    "#endif",
]

def _write_unit(name, files):
    includes = ['#include "%s/%s"' % (native.package_name(), file) for file in files]
    write_file(
        name = name + "_source",
        out = name + ".cc",
        content = _UNIT_BEGIN + includes + [""],
    )

def plimsoll_test(name, srcs = None, copts = [], deps = [], size = "small", **kwargs):
    """A Catch2 test that is a program of its own. Its source is <name>.cc unless srcs says otherwise.

    Args:
      name: as in cc_test.
      srcs: as in cc_test.
      copts: as in cc_test; what this repository adds goes before them.
      deps: as in cc_test; Catch2 and its main() are added.
      size: as in cc_test: the most that the test may take, which .bazelrc says.
      **kwargs: as in cc_test.
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs or [name + ".cc"],
        copts = _test_copts() + copts,
        deps = deps + _CATCH2,
        **kwargs
    )

def plimsoll_tests(
        name,
        tests,
        slow = [],
        copts = [],
        deps = [],
        size = "small",
        tags = [],
        data = [],
        env = {},
        **kwargs):
    """Files of Catch2 tests that are compiled as one, and a test target for each of them.

    The headers that test files share cost more to compile than the tests do, so the program's one source
    includes all the files. Each file's names therefore lie in a namespace that is called as the file is.
    A target runs the cases of its file alone, in a process of its own, as if it were a program.

    Args:
      name: of the program.
      tests: names of the targets; that of a file is <test>.cc.
      slow: those of them that ./dev test quick leaves out.
      copts: as in cc_binary.
      deps: what any of the files includes; Catch2 and its main() are added.
      size: of each target.
      tags: of each target.
      data: what any of them reads.
      env: of each target.
      **kwargs: as in cc_binary.
    """
    _write_unit(name, [test + ".cc" for test in tests])
    cc_library(
        name = name + "_files",
        testonly = True,
        textual_hdrs = [test + ".cc" for test in tests],
        tags = ["manual"],
        deps = deps + _CATCH2,
    )
    cc_binary(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        copts = _test_copts() + copts,
        # As cc_test does: under the sanitizers the libraries are shared ones, each linked once.
        linkstatic = False,
        # A program for its tests alone.
        tags = ["manual"] + tags,
        deps = [":%s_files" % name] + deps + _CATCH2,
        **kwargs
    )
    for test in tests:
        native.sh_test(
            name = test,
            size = size,
            srcs = ["//tools/build:run_file_of_tests.sh"],
            args = ["$(rootpath :%s)" % name, test],
            data = [":" + name] + data,
            env = env,
            tags = tags + (["slow"] if test in slow else []),
        )

def _house_copts():
    room = native.package_name().split("/")[0]
    return _PORTABLE_COPTS if room in _PORTABLE_ROOMS else []

# These take longer to compile than to run.
_QUICK_TESTS = ["tests/commands", "tests/core", "tests/demo", "tests/native"]

def _test_copts():
    if "/".join(native.package_name().split("/")[:2]) not in _QUICK_TESTS:
        return []
    return select({
        "//tools/build:optimized": ["-O0", "-U_FORTIFY_SOURCE"],
        "//conditions:default": [],
    })

"""A second C++ toolchain, beside the machine's gcc.

CC=clang would do for one build, but Bazel then forgets the other compiler and probes again
at every change of --config. As a repository of its own it stays.
"""

load("@bazel_tools//tools/cpp:cc_configure.bzl", "cc_autoconf_impl")

# For UBSan alone, which took a sixth of the compiler's time for code that is not ours. What such code
# is given is still checked: a null or misaligned object where our code uses it, and the rest by the
# library's own assertions (.bazelrc).
_SYSTEM_HEADERS = """
[undefined]
src:/usr/include/*
src:/usr/bin/../lib/*
"""

def _clang_toolchain_impl(rctx):
    if not rctx.path(rctx.attr.path).exists:
        fail("%s is missing. Install the Debian package %s, or run ./dev setup." %
             (rctx.attr.path, rctx.attr.package))
    cc_autoconf_impl(rctx, overriden_tools = {"gcc": rctx.attr.path})

    # In this folder, because all compile actions have it as an input.
    rctx.file("extra_tools/system_headers.txt", _SYSTEM_HEADERS)

clang_toolchain = repository_rule(
    implementation = _clang_toolchain_impl,
    attrs = {
        "package": attr.string(mandatory = True),
        "path": attr.string(mandatory = True),
    },
    configure = True,
    # The headers that it finds are listed for the layering check. Probed again by every new Bazel
    # server (and ./dev setup ends the one that runs), so that a package installed later is seen.
    local = True,
)

"""Debian's copies of Bazel's own rules, made to work with Debian's Bazel 4.2.3."""

_CC_INFO = """\
load(":native.bzl", "native_cc_info")

CcInfo = native_cc_info
"""

_USES_TOOLCHAIN_TYPE = [
    "cc/private/rules_impl/cc_flags_supplier.bzl",
    "cc/private/rules_impl/compiler_flag.bzl",
]

def _patched_rules_cc_impl(rctx):
    if not rctx.path(rctx.attr.path).exists:
        fail("%s is missing. Install the Debian package bazel-rules-cc, or run ./dev setup." % rctx.attr.path)
    copied = rctx.execute(["cp", "--recursive", "--dereference", rctx.attr.path + "/.", "."])
    if copied.return_code:
        fail("cannot copy %s: %s" % (rctx.attr.path, copied.stderr))

    # This rules_cc (0.0.4) calls use_cpp_toolchain(), which came with a later Bazel. All it
    # returns is the toolchain type.
    for path in _USES_TOOLCHAIN_TYPE:
        text = rctx.read(path)
        text = text.replace("use_cpp_toolchain()", '["@bazel_tools//tools/cpp:toolchain_type"]')
        text = text.replace(', "use_cpp_toolchain")', ")")
        rctx.delete(path)
        rctx.file(path, text)

    # Where later versions have CcInfo, so that our rules load it the same way everywhere.
    rctx.file("cc/common/BUILD.bazel")
    rctx.file("cc/common/native.bzl", "native_cc_info = CcInfo\n")
    rctx.file("cc/common/cc_info.bzl", _CC_INFO)

patched_rules_cc = repository_rule(
    implementation = _patched_rules_cc_impl,
    attrs = {"path": attr.string(mandatory = True)},
    local = True,
)

_COVERAGE_BUILD = """\
[sh_binary(
    name = tool,
    srcs = ["not_supported.sh"],
    visibility = ["//visibility:public"],
) for tool in ["coverage_report_generator", "lcov_merger"]]
"""

def _coverage_stub_impl(rctx):
    rctx.file("BUILD.bazel", _COVERAGE_BUILD)
    rctx.file("not_supported.sh", "#!/bin/sh\necho 'no coverage here' >&2\nexit 1\n")

# Bazel 4 fetches this repository from the network before it runs any test, coverage or not,
# unless the workspace defines it.
coverage_stub = repository_rule(implementation = _coverage_stub_impl)

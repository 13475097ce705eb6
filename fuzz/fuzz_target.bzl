"""Fuzz targets, and the tests that replay what they learned."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, deps):
    """Declares <name>_fuzz, which ./dev fuzz runs, and <name>_corpus_test.

    The test feeds each file of corpus/<name> to the same function, in every build.

    Args:
      name: its source is <name>_fuzz.cc, with an LLVMFuzzerTestOneInput().
      deps: of the source.
    """
    cc_library(
        name = name + "_input",
        testonly = True,
        srcs = [name + "_fuzz.cc"],
        deps = deps,
    )
    cc_binary(
        name = name + "_fuzz",
        testonly = True,
        linkopts = select({
            "//fuzz:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        # Links with libFuzzer only, whose main() it has.
        tags = ["manual"],
        deps = [":%s_input" % name],
    )
    cc_test(
        name = name + "_corpus_test",
        size = "small",
        args = ["%s/corpus/%s" % (native.package_name(), name)],
        data = native.glob(["corpus/%s/*" % name]),
        deps = [
            ":replay_main",
            ":%s_input" % name,
        ],
    )

"""How this repository declares a fuzz target."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def plimsoll_fuzz(name, deps, srcs = None):
    """Declares <name>_fuzz, which ./dev fuzz runs, and <name>_corpus_test, which ./dev test runs.

    The second feeds each input of corpus/<name> once, in every configuration: what the fuzzer
    has found stays found.

    Args:
      name: of what is fuzzed.
      deps: as in cc_library.
      srcs: by default <name>_fuzz.cc; defines LLVMFuzzerTestOneInput().
    """
    cc_library(
        name = name + "_target",
        testonly = True,
        srcs = srcs or [name + "_fuzz.cc"],
        alwayslink = True,
        deps = deps,
    )
    cc_binary(
        name = name + "_fuzz",
        testonly = True,
        # libFuzzer brings the main().
        linkopts = select({
            "//tools/fuzz:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["manual"],
        deps = [name + "_target"],
    )
    corpus = native.glob(["corpus/%s/**" % name])
    cc_test(
        name = name + "_corpus_test",
        size = "small",
        args = ["%s/corpus/%s" % (native.package_name(), name)],
        data = corpus,
        deps = [
            name + "_target",
            "//tools/fuzz:replay",
        ],
    )

"""The code in a document, as programs that a test runs."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//tools/build:library.bzl", "plimsoll_test")

def document_test(name, document, examples):
    """Compiles each example of a document, and runs them on a private server: all have to succeed.

    Args:
      name: of the test.
      document: a label. What counts as an example: see code_blocks.py.
      examples: their names, which the build has to know before it reads the document.
    """
    sources = [example + ".cc" for example in examples]
    native.genrule(
        name = name + "_sources",
        testonly = True,
        srcs = [document],
        outs = sources,
        cmd = "$(location code_blocks.py) $(location %s) $(OUTS)" % document,
        tools = ["code_blocks.py"],
    )
    for example in examples:
        cc_binary(
            name = example,
            testonly = True,
            srcs = [example + ".cc"],
            # A reader wants to see what a call returns, used or not. For the second see examples/.
            copts = [
                "-Wno-unused",
                "-Wno-mismatched-new-delete",
            ],
            deps = [
                "//:client",
                "@boost.asio",
            ],
        )
    plimsoll_test(
        name = name,
        srcs = ["document_test.cc"],
        data = examples,
        env = {"EXAMPLES": " ".join(["%s/%s" % (native.package_name(), e) for e in examples])},
        deps = [
            "//tests/examples:program",
            "//tests/support:valkey_server",
        ],
    )

"""The simulator as a library, over the core or over a changed copy of it."""

load("//tools/build:library.bzl", "plimsoll_library")

_CORE = [
    "//core/base",
    "//core/cache",
    "//core/client",
    "//core/cluster",
    "//core/commands",
    "//core/memory",
    "//core/resp",
    "//core/session",
]

def world_library(name, core = _CORE):
    """Worlds of clients: all of tests/sim but the program and the model server.

    Args:
      name: of the library.
      core: labels that have the core's headers, under their own paths.
    """
    plimsoll_library(
        name = name,
        testonly = True,
        srcs = native.glob(
            [
                "*.cc",
                "books/*.cc",
                "client/*.cc",
                "cluster/*.cc",
                "group/*.cc",
                "network/*.cc",
                "server/*.cc",
            ],
            exclude = [
                "*_test.cc",
                "main.cc",
            ],
        ),
        hdrs = native.glob(
            [
                "*.h",
                "books/*.h",
                "client/*.h",
                "cluster/*.h",
                "group/*.h",
                "network/*.h",
                "server/*.h",
            ],
            exclude = ["slice.h"],
        ),
#It also runs in WebAssembly.
        copts = [
            "-fno-exceptions",
            "-fno-rtti",
        ],
        deps = core + ["//tests/sim/model"],
    )

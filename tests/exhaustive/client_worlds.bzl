"""The small worlds of a client as a library, over the core or over a changed copy of it."""

load("//tools/build:library.bzl", "plimsoll_library")

_CORE = [
    "//core/base",
    "//core/client",
    "//core/memory",
]

def client_worlds_library(name, core = _CORE):
    """One client and one server, and the plans of what may happen between them.

    Args:
      name: of the library.
      core: labels that have the core's headers, under their own paths.
    """
    plimsoll_library(
        name = name,
        testonly = True,
        srcs = [
            "choices.cc",
            "client_plans.cc",
            "client_world.cc",
            "client_world_checks.cc",
            "story.cc",
            "tiny_server.cc",
        ],
        hdrs = [
            "choices.h",
            "client_plans.h",
            "client_world.h",
            "drain.h",
            "enumerate.h",
            "recycled_memory.h",
            "rules.h",
            "story.h",
            "tiny_server.h",
        ],
        visibility = ["//tests:__subpackages__"],
        deps = core,
    )

"""What ./dev test quick runs: what finds most mistakes soonest, of the rooms that were changed."""

import subprocess

import stages

# By the beginning of a changed file's path: the tests of what lies there, all under ASan. The first that
# fits counts.
_ROOMS = {
    "core/": ["//tests/core/...", "//tests/conformance/..."],
    "wasm/": ["//tests/wasm/..."],
    "native/bridge/": ["//tests/native/bridge/...", "//tests/native/bridge_config/..."],
    "native/config/": ["//tests/native/config/..."],
    "native/allocator/": ["//tests/native/allocator/...", "//tests/native:all"],
    "native/container/": ["//tests/native/container/...", "//tests/native:all"],
    "native/": ["//tests/native:all", "//tests/native/observe/...", "//tests/native/websocket/..."],
    "demo/": ["//tests/demo/..."],
    "tests/core/": ["//tests/core/..."],
    "tests/native/bridge": ["//tests/native/bridge/...", "//tests/native/bridge_config/..."],
    "tests/native/": ["//tests/native/..."],
    "tests/sim/": ["//tests/sim/..."],
    "js/": [],
}
# Whatever was changed: scripts, which are the same in each configuration, and read the whole tree.
_ALWAYS = ["//tests/tidy/...", "//tests/tools/..."]

# The suites of a change in js/.
JS_SUITES = ["own", "runtime", "transports"]

FLAGS = [
    "--config=asan",
    "--build_tests_only",
    # tests_query() has left out what cannot run under ASan, but for scripts.
    "--test_tag_filters=-slow",
    "--build_tag_filters=-slow",
]


def changed_files():
    """What differs from the last commit."""
    words = ["git", "status", "--porcelain", "--untracked-files=all"]
    lines = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [line[3:].split(" -> ")[-1] for line in lines]


def tests_query(files):
    """A query for the tests of changed files; those of the core and the client if nothing was changed."""
    chosen = []
    for file in files:
        for beginning, tests in _ROOMS.items():
            if file.startswith(beginning):
                chosen += tests
                break
    if not files:
        chosen = _ROOMS["core/"] + _ROOMS["native/"]
    rooms = " + ".join(f"tests({pattern})" for pattern in sorted(set(chosen))) or "set()"
    always = " + ".join(f"tests({pattern})" for pattern in _ALWAYS)
    return f"(({rooms}) except {stages.tagged(stages.NO_SANITIZER)}) + {always}"


def has_js(files):
    """Whether the npm package was changed."""
    return any(file.startswith("js/") for file in files)


def left_out(files):
    """What a ./dev test runs besides."""
    rest = ["gcc's optimised build, TSan and the workspace of a consumer",
            "tests of rooms that were not changed, and those that take long (tag slow)"]
    rest.append("the npm package in Deno, Bun, workers and browsers, and the page" if has_js(files)
                else "the npm package and the page")
    return "; ".join(rest)

"""Which tests run in which configuration. CONTRIBUTING.md says why, and a test holds the two together."""

import bazel_stage
import report

# What a test's tags say of where it runs: see the table in CONTRIBUTING.md.
NO_SANITIZER = "no-sanitizer"
THREADS = "threads"

# What users run, and what this repository's other commands do. Not a test's shared library: for it alone all that
# it links would be compiled a second time, as position-independent code, which the sanitizers' builds have anyway.
_PROGRAMS = "kind(cc_binary, //...) - attr(tags, manual, //...) - attr(linkshared, 1, //...)"


# For stages that run beside others: where eight compilers share two processors, each file costs a sixth more.
# Under sanitizers many tests wait until a time limit is up, so there a processor has two actions.
_COMPUTING = ["--jobs=HOST_CPUS", "--local_cpu_resources=HOST_CPUS"]
_WAITING = ["--jobs=HOST_CPUS*2", "--local_cpu_resources=HOST_CPUS*2"]


def tagged(tag):
    """A query for the tests that have a tag."""
    return rf"attr(tags, '[\[ ]{tag}[,\]]', tests(//...))"


def gcc(node_option):
    """What ships, optimised; and every test that no sanitizer could find more in, or that could not run
    under one."""
    labels = bazel_stage.query(f"{tagged(NO_SANITIZER)} + {_PROGRAMS}")
    return bazel_stage.BazelStage("gcc", labels, ["--config=smoke", *_COMPUTING, *node_option])


def asan():
    """Memory and undefined behaviour: all tests but those of gcc()."""
    return bazel_stage.BazelStage("asan", ["//..."], ["--config=asan", "--build_tests_only", *_WAITING])


def tsan():
    """Data races: the tests of what has threads. It may run beside gcc() and asan()."""
    # Not //..., which in a second output base takes what the first one's links lead to for folders with packages.
    labels = bazel_stage.query(f"{tagged(THREADS)} - {tagged(NO_SANITIZER)}")
    flags = ["--config=tsan", "--build_tests_only", *_WAITING]
    return bazel_stage.BazelStage("tsan", labels, flags, base=bazel_stage.second_base())


def left_out(results):
    """A failure for each test that should have run in a stage, and is not among its results."""
    ran = {(target.stage, target.name) for target in results}
    everywhere = bazel_stage.query("tests(//...) - attr(tags, manual, tests(//...))")
    optimised = set(bazel_stage.query(tagged(NO_SANITIZER)))
    threaded = set(bazel_stage.query(tagged(THREADS))) - optimised
    wanted = [("gcc" if label in optimised else "asan", label) for label in everywhere]
    wanted += [("tsan", label) for label in sorted(threaded)]
    return [
        report.Target(stage, label, failed=["has not run"], ran=False)
        for stage, label in wanted
        if (stage, label) not in ran
    ]


def consumer():
    """A workspace of its own that depends on this one."""
    return bazel_stage.BazelStage("consumer", ["//..."], folder="tests/consumer")

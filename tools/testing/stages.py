"""Which tests run in which configuration. CONTRIBUTING.md says why, and a test holds the two together."""

import bazel_stage
import report

# What a test's tags say of where it runs: see the table in CONTRIBUTING.md.
NO_SANITIZER = "no-sanitizer"
THREADS = "threads"

# Not as //..., which in a second output base takes what the first one's links lead to for folders with packages.
_TESTS = "tests(//...) - attr(tags, manual, tests(//...))"

# What users run, and what this repository's other commands do. Not a test's shared library: for it alone all that it links
# would be compiled a second time, as position-independent code, which the sanitizers' builds have anyway.
_PROGRAMS = "kind(cc_binary, //...) - attr(tags, manual, //...) - attr(linkshared, 1, //...)"


# A processor that compiles two files at once in turns takes an eighth longer for both, so where stages run beside each other
# each has no more than a processor's worth of actions. TSan's mostly wait.
_BESIDE_OTHERS = ["--jobs=HOST_CPUS", "--local_cpu_resources=HOST_CPUS"]
_WAITING = ["--jobs=HOST_CPUS*2", "--local_cpu_resources=HOST_CPUS*2"]


def tagged(tag):
    """A query for the tests that have a tag."""
    return rf"attr(tags, '[\[ ]{tag}[,\]]', tests(//...))"


def gcc(node_option):
    """What ships, optimised; and every test that no sanitizer could find more in, or that could not run
    under one."""
    labels = bazel_stage.query(f"{tagged(NO_SANITIZER)} + {_PROGRAMS}")
    return bazel_stage.BazelStage("gcc", labels, ["--config=smoke", *_BESIDE_OTHERS, *node_option])


def sanitized(configuration, patterns, flags=()):
    """Tests in a configuration of a sanitizer, which may run beside a stage that is not of one."""
    flags = [f"--config={configuration}", "--build_tests_only", *flags]
    return bazel_stage.BazelStage(configuration, patterns, flags, base=bazel_stage.second_base())


def asan():
    """Memory and undefined behaviour: all tests but those of gcc()."""
    return sanitized("asan", bazel_stage.query(f"{_TESTS} - {tagged(NO_SANITIZER)}"), _BESIDE_OTHERS)


def tsan():
    """Data races: the tests of what has threads."""
    return sanitized("tsan", bazel_stage.query(f"{tagged(THREADS)} - {tagged(NO_SANITIZER)}"), _WAITING)


def left_out(results):
    """A failure for each test that should have run in a stage, and is not among its results."""
    ran = {(target.stage, target.name) for target in results}
    everywhere = bazel_stage.query(_TESTS)
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

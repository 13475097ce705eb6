#!/usr/bin/python3
"""Runs the tests: see `./dev test --help`. The last line it prints is "N passed, N failed"."""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile

import bazel_stage
import busy
import js_stage
import kept_results
import quick
import stages
import verdict

# Where both outputs of a test stay that passed only when it was run again.
_AGAIN = pathlib.Path(".tests/again")
# Which suites in JavaScript need not run again.
_PASSED = pathlib.Path(".tests/passed.json")


def _say(text):
    print(f"test: {text}", file=sys.stderr, flush=True)


def _everything(scratch, node_option):
    """All stages, and what became of their targets."""
    gcc, asan, tsan, consumer = stages.gcc(node_option), stages.asan(), stages.tsan(), stages.consumer()
    js = js_stage.JsStage(kept=kept_results.KeptResults(_PASSED))
    # What mostly waits, or has a Bazel server of its own, goes beside what mostly computes.
    with concurrent.futures.ThreadPoolExecutor(2) as lanes:
        try:
            installed = lanes.submit(js.install)
            _say(f"what {js.name} needs")
            js.build(scratch)
            installed.result()
            beside = lanes.submit(_beside, js, [consumer, tsan], scratch)
            results = _in_turn([gcc, asan], scratch)
            results += beside.result()
        except BaseException:
            # Ctrl-C reaches no suite, since each leads a process group, and not what has not begun.
            lanes.shutdown(wait=False, cancel_futures=True)
            js.stop()
            raise
    results += js.run(scratch, alone=True)
    results += stages.left_out(results)
    return [gcc, asan, tsan, consumer, js], results


def _in_turn(bazel_stages, scratch):
    results = []
    for stage in bazel_stages:
        _say(stage.name)
        results += stage.run(scratch)
    return results


def _beside(js, bazel_stages, scratch):
    js.pack(scratch)
    unchanged = js.unchanged()
    _say(js.name + (f", but for what passed and has not changed: {' '.join(unchanged)}" if unchanged else ""))
    return js.run(scratch) + _in_turn(bazel_stages, scratch)


def _some(names, scratch, node_option):
    """The tests below some folders of tests/, where they run; or the npm package's."""
    ran, results = [], []
    patterns = [f"//tests/{name}/..." for name in names if name != "js"]
    if patterns:
        asan = bazel_stage.BazelStage("asan", patterns, ["--config=asan", "--build_tests_only"])
        here = " + ".join(f"tests({pattern})" for pattern in patterns)
        labels = bazel_stage.query(f"({stages.tagged(stages.NO_SANITIZER)}) intersect ({here})")
        ran = [asan]
        if labels:
            ran.append(bazel_stage.BazelStage("gcc", labels, node_option))
        for stage in ran:
            _say(stage.name)
            results += stage.run(scratch)
    if "js" in names:
        js = js_stage.JsStage()
        js.prepare(scratch)
        results += js.run(scratch) + js.run(scratch, alone=True)
        ran.append(js)
    return ran, results


def _quick(scratch):
    """What finds most mistakes soonest, of what differs from the last commit."""
    files = quick.changed_files()
    asan = bazel_stage.BazelStage("asan", bazel_stage.query(quick.tests_query(files)), quick.FLAGS)
    results = asan.run(scratch)
    ran = [asan]
    if quick.has_js(files):
        js = js_stage.JsStage([suite for suite in js_stage.SUITES if suite.name in quick.JS_SUITES])
        js.prepare(scratch)
        results += js.run(scratch)
        ran.append(js)
    print(f"left out: {quick.left_out(files)}")
    return ran, results


def _stress(arguments, scratch):
    """Runs tests again and again on a busy machine, and says how often each failed."""
    patterns, suites = [], []
    for name in arguments.names:
        if name == "js" or name.startswith("js/"):
            suites += [suite for suite in js_stage.SUITES if name in ("js", f"js/{suite.name}")]
            continue
        folder = pathlib.Path("tests", name)
        patterns.append(f"//{folder}/..." if folder.is_dir() else f"//{folder.parent}:{folder.name}")
    bazel_stages = []
    for configuration in arguments.configurations.split(",") if patterns else []:
        flags = [] if configuration == "gcc" else [f"--config={configuration}"]
        bazel_stages.append(
            bazel_stage.BazelStage(configuration, patterns, [*flags, "--build_tests_only"]))
    results = []
    js = js_stage.JsStage(suites)
    if suites:
        js.prepare(scratch)
    for stage in bazel_stages:
        stage.build()
    with busy.processes(arguments.busy):
        for stage in bazel_stages:
            results += stage.run_repeatedly(arguments.times, scratch)
        results += js.run_repeatedly(arguments.times, scratch)
    stages_run = [stage.name for stage in bazel_stages] + (["js"] if suites else [])
    for line in verdict.lines(results, [], stages_run):
        print(line)
    return 0 if verdict.passed(results) else 1


def _again(ran, scratch):
    by_name = {stage.name: stage for stage in ran}

    def again(target):
        _say(f"once more, alone: {target}")
        return by_name[target.stage].run_again(target, scratch)

    return again


def _check_names(names, stress):
    known = sorted(path.name for path in pathlib.Path("tests").iterdir() if path.is_dir())
    for name in names:
        path = pathlib.Path("tests", name)
        is_one = stress and (path.parent / "BUILD.bazel").exists()
        is_suite = stress and name in [f"js/{suite.name}" for suite in js_stage.SUITES]
        if name not in ("js", "quick") and not path.is_dir() and not is_one and not is_suite:
            raise SystemExit(f"test: there is no tests/{name}; there is: quick js {' '.join(known)}")
    if "quick" in names and (stress or len(names) > 1):
        raise SystemExit("test: quick chooses its tests by what was changed: it stands alone")
    if stress and not names:
        raise SystemExit("test: --stress takes names, such as native/scan_test, native or js/browser")


def _arguments(words):
    parser = argparse.ArgumentParser(prog="./dev test", description="Runs the tests.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="those below tests/NAME alone; js: the npm package and the page; quick: what "
                        "finds most mistakes soonest, of what differs from the last commit")
    parser.add_argument("--stress", action="store_true",
                        help="run them again and again, while others keep the machine busy")
    parser.add_argument("--times", type=int, default=20, metavar="N", help="how often (20)")
    parser.add_argument("--busy", type=int, default=8, metavar="N", help="processes beside them (8)")
    parser.add_argument("--configurations", default="asan", metavar="A,B",
                        help="in which --stress repeats tests: asan, tsan, gcc (asan)")
    arguments = parser.parse_args(words)
    if arguments.times < 1 or arguments.busy < 0:
        parser.error("--times takes a number of 1 or more, --busy one of 0 or more")
    return arguments


def main(words):
    """Runs what the words ask for, and returns the exit status."""
    arguments = _arguments(words)
    _check_names(arguments.names, arguments.stress)
    node = os.environ["PLIMSOLL_NODE"]
    # Tests find /usr/bin/node by themselves; an option less, and builds share what tests analysed.
    node_option = [] if node == "/usr/bin/node" else [f"--test_env=NODE={node}"]
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-test-"))
    try:
        if arguments.stress:
            return _stress(arguments, scratch)
        if arguments.names == ["quick"]:
            ran, results = _quick(scratch)
        elif arguments.names:
            ran, results = _some(arguments.names, scratch, node_option)
        else:
            ran, results = _everything(scratch, node_option)
        results, seconds = verdict.run_again(results, _again(ran, scratch), _AGAIN)
        for line in verdict.lines(results, seconds, [stage.name for stage in ran]):
            print(line)
        return 0 if verdict.passed(results) else 1
    except (bazel_stage.Interrupted, KeyboardInterrupt):
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

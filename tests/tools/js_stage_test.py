#!/usr/bin/python3
"""How ./dev test runs suites in JavaScript: nothing that a suite has started outlives it."""

import pathlib
import tempfile
import threading
import time
import unittest

import js_stage
import python_cases

ONE_PASSES = '<testsuites><testsuite><testcase name="a"/></testsuite></testsuites>'
# Only a hang reaches it.
PATIENCE = 300


class Prepared:
    """In place of js_stage.Preparation: suites run in one folder, and need nothing."""

    def __init__(self, folder):
        self._folder = folder

    def install(self):
        pass

    def build(self, folder):
        pass

    def pack(self, folder):
        return {"folders": {"here": self._folder}, "programs": {}, "environment": {}}


class Unprepared(Prepared):
    def pack(self, folder):
        return None


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class JsStageTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def stage(self, script, prepare=None, **more):
        """A stage with one suite, a shell script that knows where its report belongs as $REPORT."""
        suite = js_stage.Suite("s", "here", ["sh", "-c", "REPORT={report}\n" + script], [])
        stage = js_stage.JsStage([suite], prepare or Prepared(self.folder), **more)
        stage.prepare(self.folder)
        return stage

    def run_one(self, script, **more):
        [result] = self.stage(script, **more).run(self.folder)
        return result

    def process(self):
        """The process that a suite has started, by the id that it left in a file."""
        path = self.folder / "pid"
        self.assertTrue(eventually(lambda: path.exists() and path.read_text(encoding="utf-8").endswith("\n")))
        return pathlib.Path("/proc", path.read_text(encoding="utf-8").strip())

    def test_passes(self):
        """a suite that ends well has passed as many cases as it reports"""
        result = self.run_one(f"echo '{ONE_PASSES}' >$REPORT")
        self.assertEqual((result.passed, result.failed, result.ran), (1, [], True))

    def test_kept(self):
        """a suite is not run, and nothing is packed for it, where it is known to pass"""
        class Kept:
            def look(self, parts):
                pass

            def result(self, stage, suite):
                return js_stage.report.Target(stage, suite.name, passed=7)

        stage = self.stage("exit 7", prepare=Unprepared(self.folder), kept=Kept())
        self.assertEqual(stage.unchanged(), ["s"])
        [result] = stage.run(self.folder)
        self.assertEqual((result.passed, result.failed), (7, []))

    def test_ends_badly(self):
        """a suite that ends badly has failed, whatever it reports"""
        result = self.run_one(f"echo '{ONE_PASSES}' >$REPORT; exit 7")
        self.assertEqual(result.failed, ["it ended with status 7"])

    def test_leaves_a_process(self):
        """what a suite has started ends with the suite"""
        self.run_one(f"sleep 10000 & echo $! >pid; echo '{ONE_PASSES}' >$REPORT")
        process = self.process()
        self.assertTrue(eventually(lambda: not process.exists()))

    def test_hangs(self):
        """a suite that does not end is ended, and has failed"""
        result = self.run_one("sleep 10000", timeout=1)
        self.assertEqual(result.failed, ["it left no report", "it did not end within 1 s"])

    def test_stopped(self):
        """stop() ends a suite that runs with all that it has started, and no other begins"""
        stage = self.stage("sleep 10000 & echo $! >pid; wait")
        running = threading.Thread(target=stage.run, args=(self.folder,))
        running.start()
        process = self.process()
        stage.stop()
        running.join(PATIENCE)
        self.assertFalse(running.is_alive())
        self.assertTrue(eventually(lambda: not process.exists()))
        [result] = stage.run(self.folder)
        self.assertEqual(result.failed, ["it left no report", "the run was stopped"])

    def test_not_prepared(self):
        """where what they need cannot be made, suites have failed without having run"""
        result = self.run_one("exit 0", prepare=Unprepared(self.folder))
        self.assertEqual((result.failed, result.ran), (["what it needs does not build"], False))


if __name__ == "__main__":
    python_cases.main()

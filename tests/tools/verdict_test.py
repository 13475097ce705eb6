#!/usr/bin/python3
"""What ./dev test makes of tests that fail: which it runs again, and what it says in the end."""

import pathlib
import tempfile
import unittest

import python_cases
import report
import verdict


def target(name, passed=1, failed=(), **more):
    return report.Target("asan", name, passed, list(failed), **more)


class VerdictTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.keep = self.folder / "again"
        self.asked = []

    def log(self, text):
        path = self.folder / f"{len(list(self.folder.iterdir()))}.log"
        path.write_text(text, encoding="utf-8")
        return path

    def judge(self, targets, second=None):
        """What comes of `targets`, where whatever is run again ends as `second` says."""
        def again(failed):
            self.asked.append(failed.name)
            return second(failed)

        results, seconds = verdict.run_again(targets, again, self.keep)
        lines = list(verdict.lines(results, seconds, ["asan"]))
        return verdict.passed(results), lines

    def test_all_pass(self):
        """where nothing fails nothing is run again"""
        good, lines = self.judge([target("//a:t", 2), target("//a:u")])
        self.assertTrue(good)
        self.assertEqual(lines, ["asan: 3 passed, 0 failed", "3 passed, 0 failed"])

    def test_passes_when_run_again(self):
        """a target that passes when it is run again counts as passed, and both outputs are kept"""
        first = target("//a:t", 1, ["a race"], log=self.log("first words"))
        repeated = target("//a:t", 2, log=self.log("second words"))
        good, lines = self.judge([first, target("//a:u")], lambda _: repeated)
        self.assertTrue(good)
        self.assertEqual(self.asked, ["//a:t"])
        kept = [self.keep / "asan-a-t" / name for name in ("first.log", "again.log")]
        self.assertEqual(lines, [
            "asan: 3 passed, 0 failed",
            "passed only when run again:",
            "  asan //a:t: a race",
            f"    outputs of both runs: {kept[0]} {kept[1]}",
            "3 passed, 0 failed",
        ])
        self.assertEqual([path.read_text(encoding="utf-8") for path in kept],
                         ["first words", "second words"])

    def test_fails_again(self):
        """a target that fails again is a failure, by what failed then"""
        good, lines = self.judge([target("//a:t", 1, ["one"])], lambda _: target("//a:t", 1, ["two"]))
        self.assertFalse(good)
        self.assertEqual(lines, ["asan: 1 passed, 1 failed", "  failed: //a:t: two",
                                 "1 passed, 1 failed"])

    def test_as_many_as_are_run_again(self):
        """three targets that fail are run again, each by itself"""
        targets = [target(f"//a:{i}", 0, ["a race"]) for i in range(verdict.AGAIN_MAX)]
        good, lines = self.judge(targets, lambda failed: target(failed.name))
        self.assertTrue(good)
        self.assertEqual(self.asked, ["//a:0", "//a:1", "//a:2"])
        self.assertEqual(lines[-1], "3 passed, 0 failed")

    def test_too_many(self):
        """four targets that fail are not run again: that is no accident"""
        targets = [target(f"//a:{i}", 0, ["broken"]) for i in range(verdict.AGAIN_MAX + 1)]
        good, lines = self.judge(targets)
        self.assertFalse(good)
        self.assertEqual(self.asked, [])
        self.assertEqual(lines[-1], "0 passed, 4 failed")

    def test_what_did_not_run(self):
        """where something does not build nothing is run again"""
        good, _ = self.judge([target("//a:t", 0, ["a race"]),
                              target("//a:u", 0, ["does not build"], ran=False)])
        self.assertFalse(good)
        self.assertEqual(self.asked, [])

    def test_outputs_of_an_earlier_run(self):
        """outputs that an earlier ./dev test kept are gone with the next one"""
        self.keep.mkdir()
        (self.keep / "old.log").write_text("old", encoding="utf-8")
        self.judge([target("//a:t")])
        self.assertFalse(self.keep.exists())

    def test_nothing(self):
        """that nothing was run is no success"""
        good, lines = self.judge([])
        self.assertFalse(good)
        self.assertEqual(lines[-1], "0 passed, 0 failed")


if __name__ == "__main__":
    python_cases.main()

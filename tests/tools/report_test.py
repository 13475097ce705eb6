#!/usr/bin/python3
"""What ./dev test reads of its tests, from events as Bazel writes them and from other runners' reports."""

import json
import pathlib
import tempfile
import unittest

import python_cases
import report

TWO_PASS = '<testsuites><testsuite><testcase name="a"/><testcase name="b"/></testsuite></testsuites>'
ONE_FAILS = ('<testsuites><testsuite><testcase name="a"/>'
             '<testcase name="b"><failure message="no"/></testcase></testsuite></testsuites>')


class ReportTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def result(self, label, text, **part):
        """The event of one run of a test, with its report in a file."""
        event = {"id": {"testResult": {"label": label, **part}}, "testResult": {}}
        if text is not None:
            path = self.folder / f"report {len(list(self.folder.iterdir()))}.xml"
            path.write_text(text, encoding="utf-8")
            event["testResult"]["testActionOutput"] = [
                {"name": "test.log", "uri": "file:///nowhere"},
                {"name": "test.xml", "uri": path.as_uri()},
            ]
        return event

    @staticmethod
    def summary(label, status):
        return {"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}}

    @staticmethod
    def completed(label, **payload):
        return {"id": {"targetCompleted": {"label": label}}, **payload}

    @staticmethod
    def finished(code):
        return {"id": {"buildFinished": {}}, "finished": {"exitCode": {"code": code}}}

    def read(self, *events, exit_code=0):
        events = [*events, self.finished(exit_code)]
        return report.read_events("gcc", (json.dumps(event) for event in events))

    def counted(self, *events, exit_code=0):
        """How many cases passed, and what failed."""
        return self.sums(self.read(*events, exit_code=exit_code))

    @staticmethod
    def sums(targets):
        return (sum(target.passed for target in targets),
                [f"{target.name}: {case}" for target in targets for case in target.failed])

    def test_each_case_counts(self):
        """each case of a report counts"""
        self.assertEqual(
            self.counted(self.result("//a:t", TWO_PASS), self.summary("//a:t", "PASSED")), (2, []))

    def test_suites_of_other_runners(self):
        """a suite of another runner counts; one without a report, or that ends badly, is a failure"""
        file = self.folder / "own.xml"
        log = self.folder / "own.log"
        file.write_text(ONE_FAILS, encoding="utf-8")
        self.assertEqual(self.sums([report.read_suite("js", "own", file, log, 1)]), (1, ["own: b"]))
        file.write_text(TWO_PASS, encoding="utf-8")
        self.assertEqual(self.sums([report.read_suite("js", "own", file, log, 7)]),
                         (2, ["own: it ended with status 7"]))
        file.write_text(ONE_FAILS[:40], encoding="utf-8")
        self.assertEqual(self.sums([report.read_suite("js", "own", file, log, 0)]),
                         (0, ["own: its report breaks off"]))
        file.unlink()
        self.assertEqual(self.sums([report.read_suite("js", "own", file, log, 0)]),
                         (0, ["own: it left no report"]))

    def test_node_cases(self):
        """a case that is nested in suites, or in none, counts"""
        nested = ('<testsuites><testcase name="a"/><testsuite><testsuite><testcase name="b"/>'
                  '</testsuite></testsuite></testsuites>')
        self.assertEqual(
            self.counted(self.result("//a:t", nested), self.summary("//a:t", "PASSED")), (2, []))

    def test_failed_case(self):
        """a failed case is named, and the others of its target count as passed"""
        self.assertEqual(
            self.counted(self.result("//a:t", ONE_FAILS), self.summary("//a:t", "FAILED"),
                         exit_code=3), (1, ["//a:t: b"]))

    def test_skipped_case(self):
        """a skipped case counts as neither"""
        skipped = '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'
        self.assertEqual(
            self.counted(self.result("//a:t", skipped), self.summary("//a:t", "PASSED")), (0, []))

    def test_no_report(self):
        """a target without a report counts as one"""
        self.assertEqual(
            self.counted(self.result("//a:t", None), self.summary("//a:t", "PASSED")), (1, []))

    def test_shards(self):
        """cases of all shards count, and of the attempts at one the last"""
        self.assertEqual(
            self.counted(self.result("//a:t", ONE_FAILS, shard=1, attempt=1),
                         self.result("//a:t", TWO_PASS, shard=1, attempt=2),
                         self.result("//a:t", TWO_PASS, shard=2, attempt=1),
                         self.summary("//a:t", "FLAKY")), (4, []))

    def test_crash_after_good_cases(self):
        """a target that fails although its cases passed is a failure more"""
        self.assertEqual(
            self.counted(self.result("//a:t", TWO_PASS), self.summary("//a:t", "FAILED"),
                         exit_code=3), (2, ["//a:t: FAILED"]))

    def test_timeout(self):
        """a target that times out is a failure, and what it printed can be read"""
        [target] = self.read(self.result("//a:t", None), self.summary("//a:t", "TIMEOUT"), exit_code=3)
        self.assertEqual(target.failed, ["TIMEOUT"])
        self.assertTrue(target.ran)

    def test_broken_report(self):
        """a report that was cut off is a failure"""
        passed, failed = self.counted(self.result("//a:t", TWO_PASS[:40]),
                                      self.summary("//a:t", "PASSED"))
        self.assertEqual((passed, len(failed)), (0, 1))

    def test_unbuilt(self):
        """a target that does not build is one failure that did not run, also where Bazel sums it up"""
        targets = self.read(self.completed("//a:library", completed={}),
                            self.completed("//a:t", aborted={"reason": "ANALYSIS_FAILURE"}),
                            self.completed("//a:u"), self.summary("//a:u", "NO_STATUS"),
                            exit_code=1)
        self.assertEqual(len(self.sums(targets)[1]), 3)
        self.assertFalse(any(target.ran for target in targets))

    def test_incompatible(self):
        """a target that is not meant for this platform counts as neither"""
        self.assertEqual(
            self.counted(self.completed("//a:t", aborted={"reason": "SKIPPED"})), (0, []))

    def test_bad_end(self):
        """a Bazel that fails, crashes or leaves no word counts as a failure"""
        good = [self.result("//a:t", TWO_PASS), self.summary("//a:t", "PASSED")]
        self.assertEqual(self.counted(*good, exit_code=1), (2, ["bazel: ended with status 1"]))
        self.assertEqual(self.counted(*good, exit_code=37), (2, ["bazel: ended with status 37"]))
        self.assertEqual(self.sums(report.read_events("gcc", [])),
                         (0, ["bazel: ended with status None"]))


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""What ./dev test counts, from events as Bazel writes them."""

import json
import pathlib
import tempfile
import unittest

import count_tests
import python_cases

TWO_PASS = '<testsuites><testsuite><testcase name="a"/><testcase name="b"/></testsuite></testsuites>'
ONE_FAILS = ('<testsuites><testsuite><testcase name="a"/>'
             '<testcase name="b"><failure message="no"/></testcase></testsuite></testsuites>')


class CountTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def result(self, label, report, **part):
        """The event of one run of a test, with its report in a file."""
        event = {"id": {"testResult": {"label": label, **part}}, "testResult": {}}
        if report is not None:
            path = self.folder / f"report {len(list(self.folder.iterdir()))}.xml"
            path.write_text(report, encoding="utf-8")
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

    def count(self, *events, exit_code=0):
        events = [*events, self.finished(exit_code)]
        return count_tests.count_events(json.dumps(event) for event in events)

    def test_each_case_counts(self):
        """each case of a report counts"""
        count = self.count(self.result("//a:t", TWO_PASS), self.summary("//a:t", "PASSED"))
        self.assertEqual(str(count), "2 passed, 0 failed")

    def test_reports(self):
        """reports of other runners count, and one that is missing is a failure"""
        report = self.folder / "js-own.xml"
        report.write_text(ONE_FAILS, encoding="utf-8")
        self.assertEqual(str(count_tests.count_report(report)), "1 passed, 1 failed")
        report.write_text(ONE_FAILS[:40], encoding="utf-8")
        self.assertEqual(str(count_tests.count_report(report)), "0 passed, 1 failed")
        report.unlink()
        self.assertEqual(str(count_tests.count_report(report)), "0 passed, 1 failed")

    def test_node_cases(self):
        """a case that is nested in suites, or in none, counts"""
        report = ('<testsuites><testcase name="a"/><testsuite><testsuite><testcase name="b"/>'
                  '</testsuite></testsuite></testsuites>')
        count = self.count(self.result("//a:t", report), self.summary("//a:t", "PASSED"))
        self.assertEqual(str(count), "2 passed, 0 failed")

    def test_failed_case(self):
        """a failed case is named, and the others of its target count as passed"""
        count = self.count(self.result("//a:t", ONE_FAILS), self.summary("//a:t", "FAILED"),
                           exit_code=3)
        self.assertEqual(str(count), "1 passed, 1 failed")
        self.assertEqual(count.failed, ["//a:t: b"])

    def test_skipped_case(self):
        """a skipped case counts as neither"""
        report = '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'
        count = self.count(self.result("//a:t", report), self.summary("//a:t", "PASSED"))
        self.assertEqual(str(count), "0 passed, 0 failed")

    def test_no_report(self):
        """a target without a report counts as one"""
        count = self.count(self.result("//a:t", None), self.summary("//a:t", "PASSED"))
        self.assertEqual(str(count), "1 passed, 0 failed")

    def test_shards(self):
        """cases of all shards count, and of the attempts at one the last"""
        count = self.count(self.result("//a:t", ONE_FAILS, shard=1, attempt=1),
                           self.result("//a:t", TWO_PASS, shard=1, attempt=2),
                           self.result("//a:t", TWO_PASS, shard=2, attempt=1),
                           self.summary("//a:t", "FLAKY"))
        self.assertEqual(str(count), "4 passed, 0 failed")

    def test_crash_after_good_cases(self):
        """a target that fails although its cases passed is a failure more"""
        count = self.count(self.result("//a:t", TWO_PASS), self.summary("//a:t", "FAILED"),
                           exit_code=3)
        self.assertEqual(str(count), "2 passed, 1 failed")

    def test_timeout(self):
        """a target that times out is a failure"""
        count = self.count(self.summary("//a:t", "TIMEOUT"), exit_code=3)
        self.assertEqual(count.failed, ["//a:t: TIMEOUT"])

    def test_broken_report(self):
        """a report that was cut off is a failure"""
        count = self.count(self.result("//a:t", TWO_PASS[:40]), self.summary("//a:t", "PASSED"))
        self.assertEqual(len(count.failed), 1)

    def test_unbuilt(self):
        """a target that does not build is one failure, also when Bazel sums it up as a test"""
        count = self.count(self.completed("//a:library", completed={}),
                           self.completed("//a:t", aborted={"reason": "ANALYSIS_FAILURE"}),
                           self.completed("//a:u"), self.summary("//a:u", "NO_STATUS"),
                           exit_code=1)
        self.assertEqual(len(count.failed), 3)

    def test_incompatible(self):
        """a target that is not meant for this platform counts as neither"""
        count = self.count(self.completed("//a:t", aborted={"reason": "SKIPPED"}))
        self.assertEqual(str(count), "0 passed, 0 failed")

    def test_bad_end(self):
        """a Bazel that fails, crashes or leaves no word counts as a failure"""
        good = [self.result("//a:t", TWO_PASS), self.summary("//a:t", "PASSED")]
        self.assertEqual(str(self.count(*good, exit_code=1)), "2 passed, 1 failed")
        self.assertEqual(str(self.count(*good, exit_code=37)), "2 passed, 1 failed")
        self.assertEqual(str(count_tests.count_events([])), "0 passed, 1 failed")


if __name__ == "__main__":
    python_cases.main()

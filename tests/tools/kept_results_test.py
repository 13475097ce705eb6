#!/usr/bin/python3
"""A suite that has passed is not run again until something changes of what it depends on."""

import os
import pathlib
import tempfile
import unittest

import js_stage
import kept_results
import python_cases
import report

OWN = js_stage.Suite("own", "package", [], [])
PAGE = js_stage.Suite("page-flat", "page", [], [])
SUITES = (OWN, PAGE)


class KeptResultsTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        for name in ("js/src/index.ts", "core/base/check.cc", "core/commands/data/commands.json",
                     "CHANGELOG.md", "docs/faq.md", "parts/demo", "parts/plimsoll.wasm"):
            self.write(name, "as it was")
        self.installed = b"nodejs 20"

    def write(self, name, text):
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def kept(self):
        """What the next run of ./dev test finds."""
        files = [str(path) for path in pathlib.Path(".").rglob("*.*") if path.parts[0] not in ("kept", "parts")]
        results = kept_results.KeptResults("kept/passed.json", lambda: files, lambda: self.installed)
        results.look("parts")
        return results

    def pass_all(self):
        results = self.kept()
        for suite in SUITES:
            results.keep(suite, report.Target("js", suite.name, passed=7))

    def names(self):
        """Of the suites that need not run."""
        results = self.kept()
        return [suite.name for suite in SUITES if results.result("js", suite)]

    def test_kept(self):
        """what passed has passed as many cases the next time"""
        self.assertEqual(self.names(), [])
        self.pass_all()
        self.assertEqual(self.kept().result("js", OWN), report.Target("js", "own", passed=7))
        self.assertEqual(self.names(), ["own", "page-flat"])

    def test_failed(self):
        """what failed runs again"""
        self.pass_all()
        self.write("js/src/index.ts", "changed")
        self.kept().keep(OWN, report.Target("js", "own", passed=6, failed=["a case"]))
        self.assertEqual(self.names(), [])

    def test_changed(self):
        """what a suite reads, what was built for it, and the programs that run it are what it depends on"""
        self.pass_all()
        for name in ("js/src/index.ts", "docs/faq.md", "core/commands/data/commands.json", "parts/plimsoll.wasm"):
            self.write(name, "changed")
            self.assertEqual(self.names(), [], name)
            self.write(name, "as it was")
        self.write("js/src/new.ts", "")
        self.assertEqual(self.names(), [])
        pathlib.Path("js/src/new.ts").unlink()
        self.installed = b"nodejs 22"
        self.assertEqual(self.names(), [])
        self.installed = b"nodejs 20"
        self.assertEqual(self.names(), ["own", "page-flat"])

    def test_unread(self):
        """sources that Bazel builds count as what they become, and pages about the project not at all"""
        self.pass_all()
        for name in ("core/base/check.cc", "CHANGELOG.md"):
            self.write(name, "changed")
        self.assertEqual(self.names(), ["own", "page-flat"])

    def test_demo(self):
        """the native demos concern the pages' suites alone"""
        for name in ("parts/demo", "parts/demo-cluster"):
            self.pass_all()
            self.write(name, "changed")
            self.assertEqual(self.names(), ["own"])

    def test_no_repository(self):
        """where git lists nothing, nothing is kept"""
        results = kept_results.KeptResults("kept/passed.json", lambda: [], lambda: b"")
        results.look("parts")
        results.keep(OWN, report.Target("js", "own", passed=7))
        self.assertIsNone(results.result("js", OWN))
        self.assertFalse(pathlib.Path("kept").exists())

    def test_broken(self):
        """a file that is not what it was written as is as if there were none"""
        self.pass_all()
        self.write("kept/passed.json", "{")
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    python_cases.main()

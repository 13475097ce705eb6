"""Runs the unittest cases of a script and writes them where Bazel looks, a case each."""

import os
import sys
import time
import unittest
import xml.etree.ElementTree as xml


class _Reporting(unittest.TextTestResult):
    def __init__(self, *args):
        super().__init__(*args)
        self.suite = xml.Element("testsuite", name=os.path.basename(sys.argv[0]))
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        xml.SubElement(self.suite, "testcase", classname=type(test).__name__,
                       name=test.shortDescription() or test.id())

    def stopTest(self, test):
        self.suite[-1].set("time", f"{time.monotonic() - self.started:.3f}")
        super().stopTest(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._fail(subtest, err)

    def _fail(self, test, err):
        if len(self.suite) == 0:  # setUpModule or setUpClass failed: no case had begun
            xml.SubElement(self.suite, "testcase", name=str(test))
        xml.SubElement(self.suite[-1], "failure", message=str(err[1])).text = str(test)


def main():
    """Runs the cases of the calling script; ends the process with their outcome."""
    cases = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(resultclass=_Reporting, verbosity=2).run(cases)
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        root = xml.Element("testsuites")
        root.append(result.suite)
        xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)

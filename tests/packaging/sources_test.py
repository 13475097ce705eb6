#!/usr/bin/python3
"""CMake's list of files is the one that Bazel's targets make."""

import pathlib
import unittest

import python_cases

_FOLDER = pathlib.Path("packaging/cmake")


class SourcesTest(unittest.TestCase):
    maxDiff = None

    def test_list_is_up_to_date(self):
        """packaging/cmake/sources.cmake is what ./dev package sources writes"""
        made = (_FOLDER / "sources_made.cmake").read_text(encoding="utf-8")
        self.assertEqual((_FOLDER / "sources.cmake").read_text(encoding="utf-8"), made,
                         "run ./dev package sources")


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""What README.md tells who depends on Plimsoll is what tests/consumer does, and what our builds install."""

import pathlib
import re
import textwrap
import unittest

import python_cases

HERE = pathlib.Path("tests/readme/documents")


def read(name):
    return (HERE / name).read_text(encoding="utf-8")


def indented_blocks(text):
    """The blocks of code that are four columns in, without these."""
    found = re.findall(r"(?:^(?:    .*)?\n)+", text, re.MULTILINE)
    return [textwrap.dedent(block).strip() for block in found if block.strip()]


class Dependency(unittest.TestCase):
    def setUp(self):
        self.blocks = indented_blocks(read("README.md"))

    def block_with(self, text):
        [block] = [block for block in self.blocks if text in block]
        return block

    def test_workspace(self):
        """the WORKSPACE that it shows is the consumer's"""
        def anywhere(text):
            return re.sub('path = "[^"]*"', 'path = "..."', text)
        shown = self.block_with("plimsoll_repositories()")
        self.assertIn(anywhere(shown), anywhere(read("consumer.WORKSPACE")))

    def test_bazelrc(self):
        """the .bazelrc that it shows is in the consumer's, which has no other flag for the compiler"""
        flags = [line for line in read("consumer.bazelrc").splitlines() if "opt=" in line]
        self.assertEqual(self.block_with("-std=c++20").splitlines(), flags)

    def test_packages(self):
        """the packages that it names are those that a build wants, and that are looked for"""
        named = set(self.block_with("apt-get install").replace("\\\n", " ").split()[2:])
        [build] = re.findall(r"^build='([^']*)'", read("packages.sh"), re.MULTILINE)
        self.assertEqual(named, set(build.split()) | {"libtomlplusplus-dev"})
        declared = read("repositories.bzl").split("def plimsoll_dev_repositories")[0]
        looked_for = set(re.findall(r'_library\("[^"]*", "([^"]*)"', declared))
        self.assertLessEqual(looked_for, named)
        self.assertIn("libtomlplusplus-dev", looked_for)

    def test_modules(self):
        """what a WORKSPACE's user gets of Debian a MODULE.bazel's user gets of the registry"""
        declared = read("repositories.bzl").split("def plimsoll_dev_repositories")[0]
        libraries = re.findall(r'_library\("([^"]*)"', declared)
        modules = re.findall(r'bazel_dep\(name = "([^"]*)", version = "[^"]*"\)', read("MODULE.bazel"))
        self.assertLessEqual(set(libraries), set(modules))


if __name__ == "__main__":
    python_cases.main()

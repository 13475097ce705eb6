#!/usr/bin/python3
"""What README.md and docs/getting_started_bazel.md tell who depends on Plimsoll is what tests/consumer does, and
what our builds install."""

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


class Page(unittest.TestCase):
    """docs/getting_started_bazel.md."""

    def setUp(self):
        page = read("docs/getting_started_bazel.md")
        self.files = dict(re.findall(r"^`([\w./]+)`[^\n]*:\n\n(?:<!--[^\n]*-->\n)?```\w*\n(.*?)^```$", page,
                                     re.MULTILINE | re.DOTALL))
        self.blocks = re.findall(r"^```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)

    def block_with(self, text):
        [block] = [block for block in self.blocks if text in block]
        return block

    def test_files(self):
        """the page's files are the consumer's"""
        self.assertEqual(set(self.files), {"WORKSPACE", ".bazelrc", "BUILD.bazel", "ship.cc"})
        self.assertEqual(self.files["ship.cc"], read("consumer.ship.cc"))
        for part in self.files["BUILD.bazel"].split("\n\n"):
            part = part.strip().replace('"cc_binary")', "").rstrip()
            self.assertIn(part, read("consumer.BUILD"))
        self.assertIn(self.files[".bazelrc"], read("consumer.bazelrc"))

    def test_workspaces(self):
        """its WORKSPACE and its MODULE.bazel are the consumer's, but for names and places"""
        def anywhere(text):
            return re.sub(r'(path|^workspace\(name|^module\(name) = "[^"]*"', r'\1 = "..."', text, flags=re.MULTILINE)
        self.assertIn(anywhere(self.files["WORKSPACE"]), anywhere(read("consumer.WORKSPACE")))
        module = anywhere(read("consumer.MODULE"))
        for part in anywhere(self.block_with("local_path_override")).split("\n\n"):
            self.assertIn(part.strip(), module)

    def test_packages(self):
        """it installs what README.md says"""
        def words(text):
            return re.search(r"apt-get install((?:.*\\\n)*.*)", text)[1].replace("\\\n", " ").split()
        self.assertEqual(words(self.block_with("apt-get install")), words(read("README.md")))


if __name__ == "__main__":
    python_cases.main()

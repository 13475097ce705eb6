#!/usr/bin/python3
"""How Bazel's actions become entries for clang-tidy."""

import unittest

import compile_commands
import python_cases


def action(source, *flags):
    return {"arguments": ["/usr/bin/clang", *flags, "-c", source, "-o", source + ".o"]}


class CompileCommands(unittest.TestCase):
    def test_entries(self):
        """a source has one entry, which runs where Bazel would"""
        found = compile_commands.commands([action("core/a.cc", "-O1"), action("core/a.cc")], "/x")
        self.assertEqual([(c["directory"], c["file"]) for c in found], [("/x", "core/a.cc")])

    def test_others(self):
        """sources of other repositories and generated ones are left out"""
        given = [action("external/b/b.cc"), action("bazel-out/k8-opt/bin/c.cc")]
        self.assertEqual(compile_commands.commands(given, "/x"), [])

    def test_flags(self):
        """the compiler's flags stay, those of the layering check go"""
        given = [action("a.cc", "-Ix", "-fmodules-strict-decluse", "-fmodule-name=//a:a")]
        arguments = compile_commands.commands(given, "/x")[0]["arguments"]
        self.assertEqual(arguments, ["/usr/bin/clang", "-Ix", "-c", "a.cc", "-o", "a.cc.o"])

    def test_sources(self):
        """sources can be chosen by how their names begin"""
        entries = compile_commands.commands([action("core/a.cc"), action("demo/b.cc")], "/x")
        self.assertEqual(list(compile_commands.sources(entries, ["core/"])), ["/x/core/a.cc"])
        self.assertEqual(len(list(compile_commands.sources(entries, []))), 2)


if __name__ == "__main__":
    python_cases.main()

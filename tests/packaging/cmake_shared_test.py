#!/usr/bin/python3
"""Users who link shared libraries, made by clang: from their own source tree, then installed."""

import re
import unittest

import cmake_project
import python_cases

# What a name that a library shows must be about: ours, and the parts of Boost that its users have to share.
_SHOWN = re.compile(r"plimsoll::|boost::(asio|beast|system)::|^PLIMSOLL_\d+$")


# One of ours outside of the inline namespace of the binary interface, whose number the SONAME has as well.
_UNNUMBERED = re.compile(r"plimsoll::(?!v0::)")

# cmake_static_test has gcc.
_CLANG = ["-D", "CMAKE_CXX_COMPILER=clang++-19"]

# As large projects have it for all that they build.
_HIDDEN = ["-D", "CMAKE_CXX_VISIBILITY_PRESET=hidden", "-D", "CMAKE_VISIBILITY_INLINES_HIDDEN=ON"]


def _libraries(prefix):
    return sorted(path for path in prefix.rglob("*.so.*.*.*"))


class SharedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cmake_project.scratch_folder()
        source = cmake_project.copy_sources(cls.folder / "plimsoll")
        cls.prefix = cls.folder / "prefix"
        cls.project = cls.folder / "subdirectory"
        cmake_project.configure(cmake_project.consumer("cmake/subdirectory"), cls.project,
                                "-D", f"PLIMSOLL_SOURCE={source}", *_CLANG, *_HIDDEN)
        cmake_project.build(cls.project)
        cmake_project.run(["cmake", "--install", cls.project, "--prefix", cls.prefix])

    def test_subdirectory(self):
        """add_subdirectory() gives Plimsoll::client and Plimsoll::config, also to a project that hides its names"""
        cmake_project.run_tests(self.project)

    def test_found(self):
        """find_package() finds the shared libraries"""
        folder = self.folder / "installed"
        cmake_project.configure(cmake_project.consumer("cmake/installed"), folder,
                                "-D", f"CMAKE_PREFIX_PATH={self.prefix}", *_CLANG)
        cmake_project.build(folder, "app", "configured")
        for program in ("app", "configured"):
            # They miss their argument: all that they are linked with was found.
            cmake_project.run([folder / program], status=2)
        self.assertIn("libplimsoll.so.0", cmake_project.run(["readelf", "-d", folder / "app"]))

    def test_names(self):
        """a library shows its own names, not those of what it is built on"""
        libraries = _libraries(self.prefix)
        self.assertEqual(len(libraries), 3)
        for library in libraries:
            shown = cmake_project.run(["nm", "-DC", "--defined-only", library]).splitlines()
            names = [line.split(" ", 2)[2] for line in shown]
            self.assertGreater(len(names), 5)
            self.assertEqual([name for name in names if not _SHOWN.search(name)], [])
            self.assertEqual([name for name in names if _UNNUMBERED.search(name)], [])
            self.assertIn("PLIMSOLL_0", names)

    def test_names_of_files(self):
        """the name under which programs ask for a library changes with its binary interface alone"""
        for library in _libraries(self.prefix):
            told = cmake_project.run(["readelf", "-d", library])
            self.assertRegex(told, r"SONAME.*\[libplimsoll(_\w+)?\.so\.0\]")


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""Users who link static libraries: fetched by CMake, then installed, and found by CMake and by pkg-config."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import cmake_project
import python_cases


_PAGE = pathlib.Path("docs/getting_started_cmake.md")


@contextlib.contextmanager
def _server():
    """The url of a valkey-server of one's own."""
    words = ["valkey-server", "--port", "0", "--unixsocket", "socket", "--save", "", "--logfile", "log"]
    # A socket's path must be short, which those of Bazel's folders are not.
    with (tempfile.TemporaryDirectory(prefix="plimsoll-page-", dir="/tmp") as folder,
          subprocess.Popen(words, cwd=folder) as process):
        try:
            yield f"unix://{folder}/socket"
        finally:
            process.kill()


def _blocks(page):
    """The blocks of code of a page: (language, text)."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


class StaticTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cmake_project.scratch_folder()
        cls.source = cmake_project.copy_sources(cls.folder / "plimsoll-source")
        cls.archive = shutil.make_archive(str(cls.folder / "plimsoll"), "gztar", cls.folder, cls.source.name)
        cls.prefix = cls.folder / "prefix"
        cls.fetched = cls.folder / "fetched"
        cmake_project.configure(cmake_project.consumer("cmake/fetched"), cls.fetched,
                                "-D", f"PLIMSOLL_SOURCE={cls.archive}", "-D", "PLIMSOLL_INSTALL=ON")
        cmake_project.build(cls.fetched)
        cmake_project.run(["cmake", "--install", cls.fetched, "--prefix", cls.prefix])

    def test_fetched(self):
        """FetchContent gives Plimsoll::client and Plimsoll::config, from an archive"""
        cmake_project.run_tests(self.fetched)

    def test_found(self):
        """find_package() finds what was installed, which needs nothing of the sources"""
        away = self.source.rename(self.folder / "away")
        try:
            folder = self.folder / "installed"
            cmake_project.configure(cmake_project.consumer("cmake/installed"), folder,
                                    "-D", f"CMAKE_PREFIX_PATH={self.prefix}")
            cmake_project.build(folder, "app", "configured")
            for program in ("app", "configured"):
                # They miss their argument: all that they are linked with was found.
                cmake_project.run([folder / program], status=2)
        finally:
            away.rename(self.source)

    def test_page(self):
        """docs/getting_started_cmake.md leads from an empty folder to a first reply"""
        (_, project), (_, program), (_, commands) = _blocks(_PAGE.read_text(encoding="utf-8"))
        folder = self.folder / "page"
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text(project, encoding="utf-8")
        home = self.folder / "home"
        home.mkdir()
        (home / "plimsoll").symlink_to(self.prefix)
        with _server() as url:
            program, count = re.subn(r"valkey://[\d.:]+", url, program)
            self.assertEqual(count, 1)
            (folder / "ship.cc").write_text(program, encoding="utf-8")
            said = cmake_project.run(["bash", "-ec", commands], folder, {"HOME": str(home)})
        self.assertEqual(said.splitlines()[-1], "Great Eastern")

    def test_pkg_config(self):
        """pkg-config knows all flags, in a tree that was moved"""
        moved = self.folder / "moved"
        shutil.copytree(self.prefix, moved)
        [pc] = moved.rglob("plimsoll.pc")
        folder = self.folder / "make"
        folder.mkdir()
        makefile = cmake_project.consumer("pkg_config/Makefile")
        where = {"PKG_CONFIG_PATH": str(pc.parent)}
        cmake_project.run(["make", "-f", makefile, "app"], folder, where)
        cmake_project.run([folder / "app"], status=2)
        for name in ("plimsoll-observe", "plimsoll-config"):
            flags = cmake_project.run(["pkg-config", "--libs", name], more_environment=where)
            self.assertIn("-lplimsoll ", flags)

    def test_older_standard(self):
        """C++17 is refused by each header in one sentence that says what to do, and the compiler stops there"""
        [client] = self.prefix.rglob("plimsoll/client.h")
        headers = sorted(client.parent.glob("*.h"))
        self.assertGreater(len(headers), 40)
        for header in headers:
            for compiler in ("c++", "clang++-19"):
                said = cmake_project.run([compiler, "-std=c++17", "-fsyntax-only", "-I", client.parent.parent,
                                          "-include", header, "-x", "c++", "/dev/null"], status=1)
                first, *others = [line for line in said.splitlines() if "error:" in line]
                self.assertIn("Plimsoll is C++20: -std=c++20", first)
                self.assertEqual(len(others), 1, said)

    def test_other_boost(self):
        """an installation that was built with another Boost is refused, with both versions"""
        folder = self.folder / "other_boost"
        folder.mkdir()
        (folder / "BoostConfig.cmake").write_text("add_library(Boost::headers INTERFACE IMPORTED)\n", encoding="utf-8")
        (folder / "BoostConfigVersion.cmake").write_text(
            'set(PACKAGE_VERSION "1.99.0")\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n', encoding="utf-8")
        said = cmake_project.configure(cmake_project.consumer("cmake/installed"), self.folder / "refused",
                                       "-D", f"CMAKE_PREFIX_PATH={self.prefix}", "-D", f"Boost_DIR={folder}", status=1)
        self.assertRegex(" ".join(said.split()), r"built with Boost 1\.\d+\.\d+, and here is Boost 1\.99\.0")

    def test_all_headers_are_there(self):
        """each header that users include is in the installed tree, with all that it includes"""
        [client] = self.prefix.rglob("plimsoll/client.h")
        names = sorted(header.name for header in client.parent.glob("*.h"))
        self.assertGreater(len(names), 30)
        unit = self.folder / "headers.cc"
        unit.write_text("".join(f'#include "plimsoll/{name}"\n' for name in names), encoding="utf-8")
        cmake_project.run(["c++", "-std=c++20", "-fsyntax-only", "-I", client.parent.parent, unit])

    def test_version(self):
        """a version that is not there, and a component that is not there, are refused by name"""
        for asked, said in (("find_package(Plimsoll 99.0 REQUIRED)", cmake_project.version(self.source)),
                            ("find_package(Plimsoll REQUIRED COMPONENTS cluster)", "no component cluster")):
            folder = self.folder / "asking" / said.replace(" ", "-")
            folder.mkdir(parents=True)
            text = f"cmake_minimum_required(VERSION 3.21)\nproject(asking LANGUAGES CXX)\n{asked}\n"
            (folder / "CMakeLists.txt").write_text(text, encoding="utf-8")
            answer = cmake_project.configure(folder, folder / "build", "-D", f"CMAKE_PREFIX_PATH={self.prefix}",
                                             status=1)
            self.assertIn(said, answer)

    def test_missing_parts(self):
        """a part that Plimsoll needs and does not find is named, with what to install"""
        for name, more, said in (("PLIMSOLL_XXHASH_INCLUDE_DIR", [], "libxxhash-dev"),
                                 ("PLIMSOLL_TOML_INCLUDE_DIR", ["-D", "PLIMSOLL_CONFIG=ON"], "libtomlplusplus-dev")):
            # A value that is false, which CMake does not look for again.
            answer = cmake_project.configure(self.source, self.folder / name, "-D", f"{name}=", *more, status=1)
            self.assertIn(said, answer)


if __name__ == "__main__":
    python_cases.main()

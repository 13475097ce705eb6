#!/usr/bin/python3
"""What the Debian packages are built from fits the project. ./dev package deb builds them, and deb-try uses them."""

import hashlib
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import debian_source
import python_cases
import release_files

_DEBIAN = pathlib.Path("packaging/debian")
_BRIDGE = pathlib.Path("native/bridge/plimsoll-bridge").resolve()
_BOOKWORM = 'PRETTY_NAME="Debian 12"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
_TIME = 1_700_000_000

# Files of Debian's that the lists name, and that are made when the packages are.
_MADE = re.compile(r"debian/|usr/")

# What the example of a unit, which administrators copy, and the package's have to say differently.
_OF_THEIR_OWN = {"Documentation", "DynamicUser", "ExecStart", "Group", "LoadCredential", "User"}


def _project(folder, version='library_version = "1.2.3"'):
    """A small project, which has all that a source tree is made with."""
    for path in ["packaging/project.json", *_DEBIAN.rglob("*")]:
        source = pathlib.Path(path)
        if source.is_file():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (folder / "core/session").mkdir(parents=True)
    (folder / "core/session/version.h").write_text(version, encoding="utf-8")
    (folder / "run").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "run").chmod(0o700)
    (folder / "link").symlink_to("run")
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def _settings(unit):
    """The lines of a unit, NAME=VALUE."""
    return [line for line in unit.read_text(encoding="utf-8").splitlines() if re.match(r"\w+=|\[", line)]


class DebianSourceTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name, "project")
        self.out = pathlib.Path(scratch.name, "out")
        self.files = _project(self.root)

    def make(self, name="once", os_release=_BOOKWORM):
        folder = self.out / name
        folder.mkdir(parents=True)
        return debian_source.make_source(self.root, self.files, folder, _TIME, os_release)

    def test_repeated(self):
        """the same files and the same time make the same bytes, whoever makes them, and when"""
        first = self.make()
        (self.root / "run").chmod(0o755)
        (self.root / "run").touch()
        second = self.make("twice")
        archives = [tree.parent / "plimsoll_1.2.3.orig.tar.xz" for tree in (first, second)]
        self.assertEqual(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in archives))
        self.assertEqual(*({path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
                           for tree in (first, second)))

    def test_tree(self):
        """the tree has the project's files, and what Debian asks for, with no field left open"""
        tree = self.make()
        self.assertEqual(tree.name, "plimsoll-1.2.3")
        self.assertEqual((tree / "link").readlink(), pathlib.Path("run"))
        debian = tree / "debian"
        self.assertTrue((debian / "rules").stat().st_mode & 0o100)
        self.assertEqual(sorted(debian.rglob("*.in")), [])
        project = json.loads(pathlib.Path("packaging/project.json").read_text(encoding="utf-8"))
        control = (debian / "control").read_text(encoding="utf-8")
        for field, value in (("Homepage", "homepage"), ("Vcs-Git", "repository"), ("Maintainer", "maintainer")):
            self.assertIn(f"\n{field}: {project[value]}\n", control)
        self.assertTrue((debian / "changelog").read_text(encoding="utf-8").startswith(
            "plimsoll (1.2.3-0+deb12) bookworm; urgency=medium\n"))
        for path in (each for each in debian.rglob("*") if each.is_file()):
            self.assertNotRegex(path.read_text(encoding="utf-8"), r"@[a-z]+_?[a-z]+@", path.name)

    def test_wrong(self):
        """what is wrong is said with the file, and what was expected"""
        with self.assertRaisesRegex(SystemExit, "built on Debian; this is ubuntu"):
            self.make("ubuntu", "ID=ubuntu\n")
        with self.assertRaisesRegex(SystemExit, r"control: @homepag@ is none of authors, .*homepage"):
            release_files.filled("Homepage: @homepag@", json.loads((self.root / "packaging/project.json").read_text()),
                                 "control")
        (self.root / "core/session/version.h").write_text('library_version = "1"', encoding="utf-8")
        with self.assertRaisesRegex(SystemExit, r'version\.h has no library_version = "MAJOR'):
            self.make("version")

    def test_lists(self):
        """each file that a package is to have is there"""
        for path in [*_DEBIAN.glob("*.docs"), *_DEBIAN.glob("*.examples"), *_DEBIAN.glob("*.manpages"),
                     *_DEBIAN.glob("*.install")]:
            for name in path.read_text(encoding="utf-8").splitlines():
                name = name.split(" ")[0]
                if name.startswith("debian/"):
                    made = _DEBIAN / name.removeprefix("debian/")
                    self.assertTrue(made.is_file() or pathlib.Path(f"{made}.in").is_file(), f"{path}: {name}")
                elif not _MADE.match(name):
                    self.assertTrue(pathlib.Path(name).is_file(), f"{path}: {name}")

    def test_interface(self):
        """the package of the shared libraries has the number of their binary interface in its name"""
        number = re.search(r"\n    SOVERSION (\d+)\)", pathlib.Path("CMakeLists.txt").read_text(encoding="utf-8"))[1]
        control = (_DEBIAN / "control.in").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"^Package: libplimsoll(\d+)$", control, re.MULTILINE), [number])

    def test_manual_page(self):
        """the manual page has the options that --help has"""
        page = (_DEBIAN / "plimsoll-bridge.1.in").read_text(encoding="utf-8").replace("\\-", "-")
        told = subprocess.run([_BRIDGE, "--help"], check=True, text=True, stdout=subprocess.PIPE).stdout
        in_help = re.findall(r"^ +(?:-\w,)?(--[\w-]+)", told, re.MULTILINE)
        self.assertGreater(len(in_help), 10)
        in_page = re.findall(r"^\.TP\n\.B\w* [^\n]*?(--[\w-]+)|^\.TP\n\\fB(--[\w-]+)", page, re.MULTILINE)
        self.assertEqual(sorted(one or other for one, other in in_page), sorted(in_help))

    def test_configuration(self):
        """the configuration lets nobody in before there is a token, and is valid with one"""
        config = self.root / "bridge.toml"
        config.write_bytes((_DEBIAN / "bridge.toml").read_bytes())
        check = [_BRIDGE, "--config", config, "--check"]
        refused = subprocess.run(check, check=False, text=True, capture_output=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(str(config.parent / "tokens"), refused.stderr)
        made = subprocess.run([_BRIDGE, "--make-token", "page"], check=True, text=True, stdout=subprocess.PIPE).stdout
        line = re.search(r"^line for the tokens file: (.*)$", made, re.MULTILINE)[1]
        (config.parent / "tokens").write_text(f"{line}\n", encoding="utf-8")
        valid = subprocess.run(check, check=False, text=True, capture_output=True)
        self.assertEqual((valid.returncode, valid.stdout, valid.stderr), (0, "the configuration is valid\n", ""))

    def test_unit(self):
        """the unit is confined as the one in examples/bridge, which the released bridge is tried with"""
        units = [_settings(path) for path in
                 (_DEBIAN / "plimsoll-bridge.service", pathlib.Path("examples/bridge/plimsoll-bridge.service"))]
        self.assertEqual(*([line for line in unit if line.split("=")[0] not in _OF_THEIR_OWN] for unit in units))
        self.assertIn("ExecStart=/usr/bin/plimsoll-bridge --config /etc/plimsoll-bridge/bridge.toml", units[0])
        self.assertIn("User=plimsoll-bridge", units[0])


if __name__ == "__main__":
    python_cases.main()

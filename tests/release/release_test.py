#!/usr/bin/python3
"""What ./dev release relies on: one version everywhere, statements that fit the files, and a refusal that says why."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import compare
import python_cases
import statements
import versions

_ROOT = pathlib.Path("WORKSPACE").resolve().parent
_PROJECT = json.loads(pathlib.Path("packaging/project.json").read_text(encoding="utf-8"))
_SECONDS = 1_700_000_000
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_CHANGES = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A door.\n"


def _copy_places(folder):
    """The files that have the version, alone."""
    for name in {name for name, _ in versions.PLACES}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_ROOT / name, folder / name)
    (folder / "CHANGELOG.md").write_text(_CHANGES, encoding="utf-8")


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class VersionsTest(Scratch):
    def test_agree(self):
        """the version is the same wherever it stands"""
        self.assertRegex(versions.version_of(_ROOT), r"^\d+\.\d+\.\d+$")

    def test_differs(self):
        """each place is looked at: one that differs is named"""
        for name, pattern in versions.PLACES[1:]:
            _copy_places(self.folder)
            path = self.folder / name
            text = path.read_text(encoding="utf-8")
            *_, last = re.finditer(pattern, text)
            path.write_text(text[:last.start(1)] + "9.8.7" + text[last.end(1):], encoding="utf-8")
            with self.assertRaisesRegex(versions.Differs, rf"^{name} has the version 9\.8(\.7)?, and core/.* has "):
                versions.version_of(self.folder)

    def test_missing(self):
        """a place without a version is named"""
        _copy_places(self.folder)
        self.write("MODULE.bazel", b"module(name = 'plimsoll')\n")
        with self.assertRaisesRegex(versions.Differs, "MODULE.bazel: expected the version where"):
            versions.version_of(self.folder)

    def test_set(self):
        """a new version gets everywhere, and what is unreleased becomes its section"""
        _copy_places(self.folder)
        versions.set_version(self.folder, "2.3.4", "2030-01-02")
        self.assertEqual(versions.version_of(self.folder), "2.3.4")
        self.assertEqual((self.folder / "CHANGELOG.md").read_text(encoding="utf-8"),
                         "# Changelog\n\n## Unreleased\n\n## 2.3.4 - 2030-01-02\n\n### Added\n\n- A door.\n")
        self.assertEqual(versions.changes_of(self.folder, "2.3.4"), "### Added\n\n- A door.\n")
        with self.assertRaisesRegex(versions.Differs, "a section of 2.3.4 already"):
            versions.set_version(self.folder, "2.3.4", "2030-01-02")
        with self.assertRaisesRegex(versions.Differs, "nothing under '## Unreleased'"):
            versions.set_version(self.folder, "2.3.5", "2030-01-02")
        with self.assertRaisesRegex(versions.Differs, "expected MAJOR.MINOR.PATCH, and not '2.3'"):
            versions.set_version(self.folder, "2.3", "2030-01-02")

    def test_no_changes(self):
        """a version that CHANGELOG.md does not have is not released"""
        _copy_places(self.folder)
        with self.assertRaisesRegex(versions.Differs, r"no section '## 0\.1\.0 - DATE'; ./dev release 0\.1\.0 --prepare"):
            versions.changes_of(self.folder, "0.1.0")


class StatementsTest(Scratch):
    _STATIC = [("musl", "1.2.4"), ("libc++", "17.0.0")]
    _WASM = [("musl", "1.2.2")]

    def statements_of(self, names):
        for name in names:
            self.write(name, name.encode())
        files = statements.digests(self.folder)
        debian = {each: {"bom-ref": each} for each in statements.PACKAGES}
        return files, statements.bill_of_materials(_PROJECT, "1.2.3", _COMMIT, _SECONDS, files, self._STATIC, self._WASM,
                                                   debian)

    def test_digests(self):
        """each file is listed by its path, with its SHA-256"""
        files, _ = self.statements_of(["npm/plimsoll-1.2.3.tgz", "a"])
        self.assertEqual(list(files), ["a", "npm/plimsoll-1.2.3.tgz"])
        self.assertEqual(files["a"], hashlib.sha256(b"a").hexdigest())

    def test_inside(self):
        """the bill says of each file what is compiled into it"""
        names = ["deb/libplimsoll0_1_amd64.deb", "npm/plimsoll-1.2.3.tgz", "npm/plimsoll-bridge-1.2.3.tgz",
                 "plimsoll-1.2.3.tar.gz", "static/plimsoll-bridge-1.2.3-linux-aarch64"]
        _, bill = self.statements_of(names)
        inside = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
        self.assertEqual(inside["plimsoll@1.2.3"], [f"file:{name}" for name in names])
        self.assertEqual(inside["file:npm/plimsoll-1.2.3.tgz"], ["libxxhash-dev", "musl@1.2.2#wasm"])
        static = sorted([*statements.PACKAGES, "libc++@17.0.0", "musl@1.2.4"])
        self.assertEqual(inside[f"file:{names[2]}"], static)
        self.assertEqual(inside[f"file:{names[4]}"], static)
        self.assertEqual(inside[f"file:{names[0]}"], ["libboost1.83-dev", "libtomlplusplus-dev", "libxxhash-dev"])
        self.assertEqual(inside["file:plimsoll-1.2.3.tar.gz"], [])
        listed = {each["bom-ref"] for each in bill["components"]}
        self.assertEqual({each for refs in inside.values() for each in refs} - listed, set())

    def test_repeated(self):
        """the same files and the same commit make the same bill; another commit makes another one"""
        files, first = self.statements_of(["a"])
        _, second = self.statements_of(["a"])
        self.assertEqual(first, second)
        self.assertEqual(first["metadata"]["timestamp"], "2023-11-14T22:13:20Z")
        other = statements.bill_of_materials(_PROJECT, "1.2.3", _COMMIT[::-1], _SECONDS, files, [], [],
                                             {each: {"bom-ref": each} for each in statements.PACKAGES})
        self.assertNotEqual(first["serialNumber"], other["serialNumber"])

    def test_provenance(self):
        """the provenance is of these files, from this commit, by this project's builder"""
        said = statements.provenance(_PROJECT, "1.2.3", _COMMIT, {"a": "00"}, [("g++-12", "12.2.0-14")])
        self.assertEqual(said["_type"], "https://in-toto.io/Statement/v1")
        self.assertEqual(said["subject"], [{"name": "a", "digest": {"sha256": "00"}}])
        self.assertEqual(said["predicateType"], "https://slsa.dev/provenance/v1")
        source, compiler = said["predicate"]["buildDefinition"]["resolvedDependencies"]
        self.assertEqual(source["digest"], {"gitCommit": _COMMIT})
        self.assertEqual(compiler["uri"], "pkg:deb/debian/g%2B%2B-12@12.2.0-14?distro=bookworm")
        self.assertEqual(said["predicate"]["runDetails"]["builder"]["id"], _PROJECT["builder"])

    def test_not_installed(self):
        """a version that the package database does not have is not made up"""
        with self.assertRaisesRegex(SystemExit, "the package no-such-package is not installed"):
            statements.debian_version("no-such-package")

    def test_placeholders(self):
        """addresses of nobody's are found, real ones are not"""
        self.assertEqual(statements.placeholders({"a": "https://x.example", "b": "https://x.example/y", "c": "m@x.test>",
                                                  "d": "https://x.org/example", "e": "an example"}), ["a", "b", "c"])


class CompareTest(Scratch):
    def test_same(self):
        """two builds with the same files have no difference"""
        self.write("first/a/b", b"x")
        self.write("second/a/b", b"x")
        self.assertEqual(list(compare.differences(self.folder / "first", self.folder / "second")), [])

    def test_different(self):
        """what differs is named, with the place, and so is what only one build has"""
        for name, content in (("first/a", b"abc"), ("second/a", b"abX"), ("first/b", b""), ("second/c/d", b"")):
            self.write(name, content)
        found = list(compare.differences(self.folder / "first", self.folder / "second"))
        self.assertEqual(found, ["a: differs, of 3 and 3 bytes, from byte 2 on",
                                 f"b: only in {self.folder / 'first'}", f"c/d: only in {self.folder / 'second'}"])


class RefusalTest(Scratch):
    """./dev release in a repository of its own, with all that it reads before it begins to build."""

    def setUp(self):
        super().setUp()
        _copy_places(self.folder)
        for name in ("tools/dev", "tools/release"):
            shutil.copytree(_ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        shutil.copy(_ROOT / "dev", self.folder / "dev")
        self.write(".gitignore", b"__pycache__/\n")
        self.write("packaging/project.json", json.dumps(_PROJECT).replace(".example", ".org").encode())
        versions.set_version(self.folder, "4.5.6", "2030-01-02")
        self.git("init", "--quiet")
        self.commit()

    def git(self, *words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=self.folder, check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a")
        self.git("tag", "--force", "v4.5.6")

    def refused(self):
        done = subprocess.run(["./dev", "release"], cwd=self.folder, check=False, text=True, capture_output=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        *problems, end = done.stderr.splitlines()
        self.assertIn("4.5.6 cannot be released as it is; --dry-run builds it all the same", end)
        return problems

    def test_placeholders(self):
        """nothing is released under an address of nobody's"""
        self.write("packaging/project.json", json.dumps({**_PROJECT, "homepage": "https://plimsoll.example"}).encode())
        self.commit()
        [problem] = [each for each in self.refused() if "project.json" in each]
        self.assertRegex(problem, "^release: packaging/project.json has no real address yet: .*homepage")

    def test_all_at_once(self):
        """all that keeps a commit from being released is said at once"""
        self.git("tag", "--delete", "v4.5.6")
        self.write("CHANGELOG.md", _CHANGES.encode())
        self.assertEqual(self.refused(), [
            "release: there are changes that are not committed", "release: the commit has no tag v4.5.6",
            "release: CHANGELOG.md has no section of 4.5.6; ./dev release 4.5.6 --prepare makes one"])

    def test_prepare(self):
        """--prepare writes a version, and says what is wrong with it"""
        prepare = subprocess.run(["./dev", "release", "4.6", "--prepare"], cwd=self.folder, check=False, text=True,
                                 capture_output=True)
        self.assertEqual((prepare.returncode, prepare.stderr), (2, "versions: expected MAJOR.MINOR.PATCH, and not '4.6'\n"))
        self.write("CHANGELOG.md", _CHANGES.encode())
        subprocess.run(["./dev", "release", "4.6.0", "--prepare"], cwd=self.folder, check=True, capture_output=True)
        self.assertEqual(versions.version_of(self.folder), "4.6.0")


if __name__ == "__main__":
    python_cases.main()

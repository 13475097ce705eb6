#!/usr/bin/python3
"""The recipes of package managers fit the project. ./dev package recipes makes them, and --try follows them."""

import ast
import base64
import hashlib
import json
import pathlib
import re
import tarfile
import tempfile
import unittest

import python_cases
import recipes

_RECIPES = pathlib.Path("packaging/recipes")
_TIME = 1_700_000_000

# What CMake looks for, and what each package manager calls it.
_LIBRARIES = {"boost": ("boost-asio", "boost"), "openssl": ("openssl", "openssl"), "xxhash": ("xxhash", "xxhash"),
              "toml": ("tomlplusplus", "tomlplusplus")}


def _project(folder):
    """A small project, which has all that recipes are made with."""
    for path in ["MODULE.bazel", "packaging/project.json", *_RECIPES.rglob("*")]:
        source = pathlib.Path(path)
        if source.is_file():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (folder / "core/session").mkdir(parents=True)
    (folder / "core/session/version.h").write_text('library_version = "1.2.3"', encoding="utf-8")
    (folder / "run").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "run").chmod(0o700)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


class RecipesTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name, "project")
        self.out = pathlib.Path(scratch.name, "out")
        self.files = _project(self.root)
        self.made = self.make("once")

    def make(self, name):
        folder = self.out / name
        folder.mkdir(parents=True)
        recipes.make_recipes(self.root, self.files, folder, _TIME)
        return folder

    def read(self, path):
        return (self.made / path).read_text(encoding="utf-8")

    def test_repeated(self):
        """the same files and the same time make the same bytes, whoever makes them, and when"""
        (self.root / "run").chmod(0o755)
        (self.root / "run").touch()
        second = self.make("twice")
        self.assertEqual(*({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
                           for folder in (self.made, second)))

    def test_archive(self):
        """each recipe names the archive's address and hash, and what the archive has"""
        archive = self.made / "plimsoll-1.2.3.tar.gz"
        content = archive.read_bytes()
        with tarfile.open(archive) as packed:
            names = packed.getnames()
        self.assertIn("plimsoll-1.2.3/MODULE.bazel", names)
        self.assertTrue(all(name.split("/")[0] == "plimsoll-1.2.3" for name in names))
        project = json.loads(pathlib.Path("packaging/project.json").read_text(encoding="utf-8"))
        address = f"{project['downloads']}/v1.2.3/{archive.name}"
        sha256 = hashlib.sha256(content)
        source = json.loads(self.read("bcr/modules/plimsoll/1.2.3/source.json"))
        self.assertEqual(source, {
            "url": address, "strip_prefix": "plimsoll-1.2.3",
            "integrity": "sha256-" + base64.b64encode(sha256.digest()).decode()})
        conan = self.read("conan/recipes/plimsoll/all/conandata.yml")
        self.assertIn(f'  "1.2.3":\n    url: "{address}"\n    sha256: "{sha256.hexdigest()}"\n', conan)
        self.assertIn('"1.2.3":\n    folder: all\n', self.read("conan/recipes/plimsoll/config.yml"))
        port = self.read("vcpkg/ports/plimsoll/portfile.cmake")
        self.assertIn(f'URLS "{address}"', port)
        self.assertIn(f"SHA512 {hashlib.sha512(content).hexdigest()}\n", port)

    def test_fields(self):
        """no field is left open, and what is data can be read"""
        for path in (each for each in self.made.rglob("*") if each.is_file() and each.suffix != ".gz"):
            self.assertNotRegex(path.read_text(encoding="utf-8"), r"@[a-z]+_?[a-z0-9]+@", path.name)
            self.assertNotEqual(path.suffix, ".in")
            if path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            if path.suffix == ".py":
                ast.parse(path.read_text(encoding="utf-8"))
        module = json.loads(self.read("bcr/modules/plimsoll/metadata.json"))
        self.assertEqual(module["versions"], ["1.2.3"])
        self.assertIn("@", module["maintainers"][0]["email"])

    def test_dependencies(self):
        """vcpkg and Conan are asked for each library that CMake looks for, and told options that CMake has"""
        build = pathlib.Path("CMakeLists.txt").read_text(encoding="utf-8")
        port = self.read("vcpkg/ports/plimsoll/vcpkg.json")
        conan = self.read("conan/recipes/plimsoll/all/conanfile.py")
        looked_for = re.findall(r"find_package\((\w+)[^)]*REQUIRED|find_path\(PLIMSOLL_(\w+?)_INCLUDE_DIR", build)
        names = {(one or other).lower() for one, other in looked_for} - {"threads", "python3", "cli11", "json"}
        self.assertEqual(names, set(_LIBRARIES))
        for vcpkg_name, conan_name in _LIBRARIES.values():
            self.assertIn(f'"{vcpkg_name}"', port)
            self.assertIn(f'self.requires("{conan_name}/', conan)
        options = set(re.findall(r"option\((PLIMSOLL_\w+)", build)) | set(re.findall(r"find_path\((PLIMSOLL_\w+)", build))
        portfile = self.read("vcpkg/ports/plimsoll/portfile.cmake")
        told = set(re.findall(r"PLIMSOLL_\w+", portfile)) | set(re.findall(r"PLIMSOLL_\w+", conan))
        self.assertLessEqual(told, options)
        boost = re.search(r"find_package\(Boost ([\d.]+)", build)[1]
        self.assertIn(f"boost/[>={boost} <2]", conan)


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""Follows a conanfile, and its test_package: conan_trial.py RECIPE ARCHIVES FOLDER.

Conan cannot be had from Debian or npm. The classes and functions here do what Conan's of the same names are documented
to do (docs.conan.io/2/reference), as far as these conanfiles use them; what they do not have ends the trial. Debian's
libraries stand for the packages that the recipe requires.
"""

import argparse
import fnmatch
import hashlib
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import types

# A package that is required: how CMake's users name it on Debian.
_TARGETS = {
    "boost::headers": "Boost::headers",
    "openssl::openssl": "OpenSSL::SSL OpenSSL::Crypto",
    "tomlplusplus::tomlplusplus": "",
    "xxhash::xxhash": "",
}
_FIND = "find_package(Boost 1.82 REQUIRED)\nfind_package(OpenSSL REQUIRED)\nfind_package(Threads REQUIRED)\n"

_archives = None


def _run(*words, folder=None):
    subprocess.run([str(word) for word in words], cwd=folder, check=True)


class _Options(types.SimpleNamespace):
    def rm_safe(self, name):
        """Removes an option, if it is there."""
        self.__dict__.pop(name, None)


class _Information:
    """cpp_info, and each of its components."""

    def __init__(self):
        self.components = _Components()
        self.properties, self.libs, self.system_libs, self.defines, self.requires = {}, [], [], [], []

    def set_property(self, name, value):
        """Sets a property, which generators read."""
        self.properties[name] = value


class _Components(dict):
    def __missing__(self, name):
        return self.setdefault(name, _Information())


class _Found:
    """A package that is required, as Debian has installed it."""
    cpp_info = types.SimpleNamespace(includedir="/usr/include")


class ConanFile:
    """What each conanfile derives from."""
    default_options = {}

    def __init__(self, folder):
        self.settings = types.SimpleNamespace(os="Linux", arch="x86_64", compiler="gcc", build_type="Debug")
        self.options = _Options(**self.default_options)
        self.dependencies, self.variables = {}, {}
        self.cpp_info = _Information()
        self.tested = None
        self.base = folder
        self.source_folder = self.build_folder = self.package_folder = None
        self.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir=None))

    def requires(self, reference, transitive_headers=False):
        """Takes a reference, NAME/VERSION or NAME/[RANGE]."""
        if not re.fullmatch(r"[a-z0-9]+/(\d[\w.]*|\[[^\]]+\])", reference):
            raise SystemExit(f"requires(): '{reference}' is no reference")
        if transitive_headers not in (True, False):
            raise SystemExit("requires(): transitive_headers is True or False")
        self.dependencies[reference.split("/")[0]] = _Found()

    def run(self, command, env):
        """Runs a program."""
        if env != "conanrun":
            raise SystemExit(f"run(): expected env='conanrun', not '{env}'")
        _run(command)


def get(conanfile, url, sha256, strip_root):
    """Takes the archive that would be downloaded."""
    archive = _archives / url.rsplit("/", 1)[1]
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{archive} has the sha256 {found}, not {sha256}")
    with tarfile.open(archive) as packed:
        for entry in packed.getmembers():
            if strip_root:
                entry.name = entry.name.partition("/")[2]
            if entry.name:
                packed.extract(entry, conanfile.source_folder)


def copy(_conanfile, pattern, src, dst):
    """Copies the files that fit the pattern."""
    found = [path for path in pathlib.Path(src).iterdir() if fnmatch.fnmatch(path.name, pattern)]
    pathlib.Path(dst).mkdir(parents=True, exist_ok=True)
    for path in found:
        shutil.copy(path, dst)
    return found


def rmdir(_conanfile, path):
    """Removes a folder, if it is there."""
    shutil.rmtree(path, ignore_errors=True)


def cmake_layout(conanfile, src_folder="."):
    """Says where sources and what is built lie."""
    conanfile.source_folder = conanfile.base / src_folder
    conanfile.build_folder = conanfile.cpp.build.bindir = conanfile.base / "build"
    conanfile.package_folder = conanfile.base / "package"


def check_min_cppstd(_conanfile, version):
    """Refuses an older standard than the recipe's."""
    if version != 20:
        raise SystemExit(f"check_min_cppstd(): the libraries are C++20, not {version}")


class CMakeToolchain:
    """What CMake is told."""

    def __init__(self, conanfile):
        self._conanfile = conanfile
        self.cache_variables = {}

    def generate(self):
        """Keeps it for CMake.configure()."""
        self._conanfile.variables = dict(self.cache_variables)


class CMakeDeps:
    """Writes what find_package() finds: of a package that is tested, by its cpp_info."""

    def __init__(self, conanfile):
        self._conanfile = conanfile

    def generate(self):
        """Writes <Name>Config.cmake."""
        package = self._conanfile.tested
        if package is None:
            return
        text = _FIND
        for name, part in package.cpp_info.components.items():
            target = part.properties["cmake_target_name"]
            libraries = [package.package_folder / f"lib/lib{library}.a" for library in part.libs]
            links = [str(path) for path in libraries if path.is_file() or sys.exit(f"{name}: there is no {path}")]
            for needed in part.requires:
                links.append(_TARGETS[needed] if "::" in needed
                             else package.cpp_info.components[needed].properties["cmake_target_name"])
            links += part.system_libs
            text += (f"add_library({target} INTERFACE IMPORTED)\n"
                     f"target_include_directories({target} INTERFACE {package.package_folder / 'include'})\n"
                     f"target_link_libraries({target} INTERFACE {' '.join(links)})\n")
            if part.defines:
                text += f"target_compile_definitions({target} INTERFACE {' '.join(part.defines)})\n"
        self._conanfile.build_folder.mkdir(parents=True, exist_ok=True)
        config = self._conanfile.build_folder / f"{package.cpp_info.properties['cmake_file_name']}Config.cmake"
        config.write_text(text, encoding="utf-8")
        self._conanfile.variables["CMAKE_PREFIX_PATH"] = self._conanfile.build_folder


class CMake:
    """Calls CMake."""

    def __init__(self, conanfile):
        self._conanfile = conanfile

    def configure(self):
        """Nobody asks how fast it is, and -O0 compiles in a third of the time."""
        values = {name: str(value).upper() if isinstance(value, bool) else value
                  for name, value in self._conanfile.variables.items()}
        _run("cmake", "-S", self._conanfile.source_folder, "-B", self._conanfile.build_folder, "-G", "Ninja",
             "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O0 -g0", "-DCMAKE_INSTALL_LIBDIR=lib",
             f"-DCMAKE_INSTALL_PREFIX={self._conanfile.package_folder}",
             *[f"-D{name}={value}" for name, value in values.items()])

    def build(self):
        """Builds all."""
        _run("cmake", "--build", self._conanfile.build_folder)

    def install(self):
        """Installs into the package's folder."""
        _run("cmake", "--install", self._conanfile.build_folder)


def _module(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def _load(path, folder):
    """An object of the one class that a conanfile has."""
    spec = importlib.util.spec_from_file_location(f"conanfile_{folder.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (found,) = [each for each in vars(module).values()
                if isinstance(each, type) and issubclass(each, ConanFile) and each is not ConanFile]
    folder.mkdir(parents=True)
    return found(folder)


def _conan_data(text):
    """The version, and what conandata.yml says of its sources. It is YAML of this one shape."""
    found = re.fullmatch(r'sources:\n  "([^"]+)":\n    url: "([^"]+)"\n    sha256: "([0-9a-f]{64})"\n', text)
    if not found:
        raise SystemExit(f"conandata.yml has another shape than expected:\n{text}")
    return found[1], {"sources": {found[1]: {"url": found[2], "sha256": found[3]}}}


def _create(recipe, folder):
    """What `conan create` does: builds the package, then its test_package."""
    package = _load(recipe / "conanfile.py", folder / "package_of")
    package.version, package.conan_data = _conan_data((recipe / "conandata.yml").read_text(encoding="utf-8"))
    for step in ("configure", "layout", "requirements", "validate"):
        getattr(package, step)()
    package.source_folder.mkdir(parents=True)
    for step in ("source", "generate", "build", "package", "package_info"):
        getattr(package, step)()
    unwanted = [path for path in (package.package_folder / "lib").iterdir() if path.is_dir()]
    if unwanted or not (package.package_folder / "licenses/LICENSE").is_file():
        raise SystemExit(f"expected licences and no folders in lib, not {unwanted}")

    test = _load(recipe / "test_package/conanfile.py", folder / "test_of")
    test.tested_reference_str, test.tested = f"{package.name}/{package.version}", package
    for step in ("requirements", "layout"):
        getattr(test, step)()
    test.source_folder = recipe / "test_package"
    generators = {"CMakeDeps": CMakeDeps, "CMakeToolchain": CMakeToolchain}
    # The toolchain begins with what it is told, so it comes first.
    for name in sorted(test.generators, reverse=True):
        generators[name](test).generate()
    for step in ("build", "test"):
        getattr(test, step)()
    return {name: part.properties for name, part in package.cpp_info.components.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=pathlib.Path, help="the folder that has conanfile.py")
    parser.add_argument("archives", type=pathlib.Path, help="the folder that has the source archive")
    parser.add_argument("folder", type=pathlib.Path, help="an empty folder")
    options = parser.parse_args()
    global _archives  # get() has the arguments that Conan's has.
    _archives = options.archives

    _module("conan", ConanFile=ConanFile)
    _module("conan.errors", ConanInvalidConfiguration=type("ConanInvalidConfiguration", (Exception,), {}))
    _module("conan.tools")
    _module("conan.tools.build", can_run=lambda conanfile: True, check_min_cppstd=check_min_cppstd)
    _module("conan.tools.cmake", CMake=CMake, CMakeDeps=CMakeDeps, CMakeToolchain=CMakeToolchain,
            cmake_layout=cmake_layout)
    _module("conan.tools.files", copy=copy, get=get, rmdir=rmdir)
    print(json.dumps(_create(options.recipe.resolve(), options.folder.resolve())))


if __name__ == "__main__":
    main()

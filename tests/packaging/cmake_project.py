"""Projects of users whose build is CMake's or make's, each in a folder of its own."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

# Nobody asks how fast it is, and this compiles in a third of the time.
_FLAGS = ["-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Debug", "-D", "CMAKE_CXX_FLAGS=-O0 -g0"]


def scratch_folder():
    """A folder that the test may fill, below Bazel's."""
    return pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))


def copy_sources(folder):
    """Copies what the test has of Plimsoll into `folder`: what a release brings for CMake's users."""
    for name in ("CMakeLists.txt", "core", "native", "packaging", "tools"):
        if pathlib.Path(name).is_dir():
            # Bazel's are links.
            shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("*.txt.in", "__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name)
    return folder


def version(source):
    """The version of the sources in this folder."""
    return re.search(r'library_version = "([^"]*)"', (source / "core/session/version.h").read_text(encoding="utf-8"))[1]


def consumer(path):
    """The folder of one of the projects in tests/consumer."""
    return pathlib.Path("../consumer", path).resolve()


def run(words, folder=None, more_environment=None, status=0):
    """Runs a program, and returns what it printed.

    Args:
      words: the program and its arguments.
      folder: where it runs.
      more_environment: variables.
      status: as which the program must end.
    """
    environment = {"HOME": str(pathlib.Path.cwd()), **os.environ, **(more_environment or {})}
    done = subprocess.run([str(word) for word in words], cwd=folder, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout[-8000:]}")
    return done.stdout


def configure(source, folder, *options, status=0):
    """Configures a project, and returns what CMake said."""
    return run(["cmake", "-S", source, "-B", folder, *_FLAGS, *options], status=status)


def build(folder, *targets):
    """Builds a configured project."""
    run(["cmake", "--build", folder, "--parallel", "2", *(["--target", *targets] if targets else [])])


def run_tests(folder):
    """Runs the project's own tests."""
    run(["ctest", "--output-on-failure"], folder)

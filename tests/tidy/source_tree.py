"""The files of this repository, as they lie in the working tree."""

import os
import pathlib

_HIDDEN_BUT_OURS = {".bazelrc", ".ci", ".clang-format", ".clang-tidy", ".editorconfig", ".github"}
_NOT_OURS = ("bazel-", "compile_commands.json", "dist", "generated", "node_modules",
             "user.bazelrc")


def root():
    """The working tree: the test's link to WORKSPACE leads there, out of Bazel's copy of links."""
    return pathlib.Path("WORKSPACE").resolve().parent


def _is_ours(name):
    hidden = name.startswith(".") and name not in _HIDDEN_BUT_OURS
    return not hidden and not name.startswith(_NOT_OURS) and name != "__pycache__"


def text_files(folder):
    """Yields (path below folder, text) of every file that is text."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(filter(_is_ours, folders))
        for name in sorted(filter(_is_ours, files)):
            path = pathlib.Path(parent, name)
            try:
                yield str(path.relative_to(folder)), path.read_text(encoding="utf-8")
            except (UnicodeDecodeError, FileNotFoundError):
                continue  # not text, or gone since it was listed

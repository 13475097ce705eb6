#!/usr/bin/python3
"""Where the version stands, and whether all these places agree.

core/session/version.h has it; all others repeat it, because what reads them cannot look there.

  versions.py                prints the version; fails if a place differs
  versions.py --set VERSION  writes it everywhere, and makes of CHANGELOG.md's unreleased changes those of VERSION
"""

import argparse
import datetime
import pathlib
import re

SOURCE = "core/session/version.h"

# The pages whose commands have a package's file in them.
_TARBALL = r"plimsoll-(?:bridge-)?(\d+\.\d+\.\d+)\.tgz"

# What asks CMake for all versions that begin like this one.
_BEGINNING = r"find_package\(Plimsoll (\d+\.\d+)\b"

# Each place is (file, a pattern whose group 1 is the version or its beginning, wherever it fits in that file).
PLACES = [
    (SOURCE, r'library_version = "([^"]*)"'),
    ("native/values/version.h", r' version = "([^"]*)"'),
    ("MODULE.bazel", r'name = "plimsoll",\n    version = "([^"]*)"'),
    ("tests/consumer/MODULE.bazel", r'bazel_dep\(name = "plimsoll", version = "([^"]*)"'),
    ("js/package.json", r'\A\{\n  "name": "plimsoll",\n  "version": "([^"]*)"'),
    ("js/package-lock.json", r'\A\{\n  "name": "plimsoll",\n  "version": "([^"]*)"'),
    ("js/package-lock.json", r'    "": \{\n      "name": "plimsoll",\n      "version": "([^"]*)"'),
    ("js/demo/package-lock.json", r'    "\.\.": \{\n      "name": "plimsoll",\n      "version": "([^"]*)"'),
    ("js/bridge/package.json", r'\A\{\n  "name": "plimsoll-bridge",\n  "version": "([^"]*)"'),
    ("tests/consumer/cmake/installed/CMakeLists.txt", _BEGINNING),
    ("docs/getting_started_cmake.md", _BEGINNING),
    ("docs/getting_started_bazel.md", r'bazel_dep\(name = "plimsoll", version = "([^"]*)"'),
    ("docs/getting_started_node.md", _TARBALL),
    ("docs/getting_started_edge.md", _TARBALL),
    ("docs/getting_started_browser.md", _TARBALL),
]

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_UNRELEASED = "\n## Unreleased\n"


class Differs(Exception):
    """Says which place has no version, or another one than the rest."""


def _as_long_as(other, version):
    """The version, or as much of it as `other` has."""
    return ".".join(version.split(".")[:other.count(".") + 1])


def _found(root, name, pattern):
    """What fits in a file, at least once."""
    text = (root / name).read_text(encoding="utf-8")
    found = list(re.finditer(pattern, text))
    if not found:
        raise Differs(f"{name}: expected the version where '{pattern}' fits, which is nowhere")
    return text, found


def version_of(root):
    """The version; raises Differs where a place has another one."""
    _, (first, *_) = _found(root, *PLACES[0])
    version = first[1]
    if not _VERSION.fullmatch(version):
        raise Differs(f"{SOURCE}: expected MAJOR.MINOR.PATCH, and not '{version}'")
    for name, pattern in PLACES[1:]:
        _, found = _found(root, name, pattern)
        for here in found:
            if here[1] != _as_long_as(here[1], version):
                raise Differs(f"{name} has the version {here[1]}, and {SOURCE} has {version}")
    return version


def set_version(root, version, date):
    """Writes the version everywhere, and its section of CHANGELOG.md, of what stands under Unreleased."""
    if not _VERSION.fullmatch(version):
        raise Differs(f"expected MAJOR.MINOR.PATCH, and not '{version}'")
    changelog = root / "CHANGELOG.md"
    changes = changelog.read_text(encoding="utf-8")
    if f"\n## {version} " in changes:
        raise Differs(f"CHANGELOG.md has a section of {version} already")
    if not changes.partition(_UNRELEASED)[2].partition("\n## ")[0].strip():
        raise Differs("CHANGELOG.md has nothing under '## Unreleased'")
    for name, pattern in PLACES:
        text, found = _found(root, name, pattern)
        # From the end, so that what is in front of a place stays where it is.
        for each in reversed(found):
            text = text[:each.start(1)] + _as_long_as(each[1], version) + text[each.end(1):]
        (root / name).write_text(text, encoding="utf-8")
    changelog.write_text(changes.replace(_UNRELEASED, f"{_UNRELEASED}\n## {version} - {date}\n", 1), encoding="utf-8")


def changes_of(root, version):
    """The section of a version in CHANGELOG.md; raises Differs if there is none."""
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)", changes, re.MULTILINE | re.DOTALL)
    if not found:
        raise Differs(f"CHANGELOG.md has no section '## {version} - DATE'; ./dev release {version} --prepare makes it of "
                      "what is unreleased")
    return found[1].strip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path.cwd(), help="the project's folder")
    parser.add_argument("--set", metavar="VERSION", help="the version to write everywhere")
    parser.add_argument("--changes", action="store_true", help="print what CHANGELOG.md says of the version")
    options = parser.parse_args()
    try:
        if options.set:
            set_version(options.root, options.set, datetime.datetime.now(datetime.timezone.utc).date())
        version = version_of(options.root)
        print(changes_of(options.root, version) if options.changes else version)
    except Differs as differs:
        raise SystemExit(f"versions: {differs}") from None


if __name__ == "__main__":
    main()

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

# Each place is (file, a pattern whose group 1 is the version).
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
]

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_UNRELEASED = "\n## Unreleased\n"


class Differs(Exception):
    """Says which place has no version, or another one than the rest."""


def _found(root, name, pattern):
    text = (root / name).read_text(encoding="utf-8")
    found = re.findall(pattern, text)
    if len(found) != 1:
        raise Differs(f"{name}: expected one version, where '{pattern}' fits, and not {len(found)}")
    return text, found[0]


def version_of(root):
    """The version; raises Differs where a place has another one."""
    _, version = _found(root, *PLACES[0])
    if not _VERSION.fullmatch(version):
        raise Differs(f"{SOURCE}: expected MAJOR.MINOR.PATCH, and not '{version}'")
    for name, pattern in PLACES[1:]:
        _, here = _found(root, name, pattern)
        if here != version:
            raise Differs(f"{name} has the version {here}, and {SOURCE} has {version}")
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
        text, _ = _found(root, name, pattern)
        match = re.search(pattern, text)
        (root / name).write_text(text[:match.start(1)] + version + text[match.end(1):], encoding="utf-8")
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

#!/usr/bin/python3
"""Makes a source tree from which dpkg-buildpackage builds the Debian packages.

FOLDER/plimsoll-VERSION has the files of the project and debian/, which is packaging/debian with the names and
addresses of packaging/project.json; FOLDER/plimsoll_VERSION.orig.tar.xz has the files alone. The same files and
the same time make the same bytes.
"""

import argparse
import email.utils
import json
import pathlib
import re
import shutil
import sys
import tarfile

_VERSION = re.compile(r'library_version = "(\d+\.\d+\.\d+)"')
_FIELD = re.compile(r"@(\w+)@")

# 0: a package of Debian's own, whose revisions begin with 1, counts as later. The second part is the release of
# Debian that the packages are built on and for.
_REVISION = "0+deb{}"

_CHANGELOG = """\
plimsoll ({version}-{revision}) {codename}; urgency=medium

  * Release {version}. What it brings stands in changelog.gz, beside this file.

 -- {maintainer}  {date}
"""


def version_of(root):
    """The project's version."""
    header = root / "core/session/version.h"
    found = _VERSION.search(header.read_text(encoding="utf-8"))
    if not found:
        raise SystemExit(f'debian_source: {header} has no library_version = "MAJOR.MINOR.PATCH"')
    return found[1]


def system_of(os_release):
    """The release's number and name, of the text of /etc/os-release."""
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    if fields.get("ID") != "debian":
        raise SystemExit(f"debian_source: the packages are built on Debian; this is {fields.get('ID', 'unknown')}")
    return fields["VERSION_ID"], fields["VERSION_CODENAME"]


def filled(text, fields, name):
    """`text` with each @FIELD@ replaced."""
    def value(match):
        if match[1] not in fields:
            raise SystemExit(f"debian_source: {name}: @{match[1]}@ is none of {', '.join(sorted(fields))}")
        return fields[match[1]]
    return _FIELD.sub(value, text)


def copy_project(root, files, folder):
    """Copies `files`, paths below `root`, into `folder`. Absolute links are Bazel's: what they lead to is meant."""
    for name in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = root / name
        shutil.copy(source, target, follow_symlinks=source.is_symlink() and source.readlink().is_absolute())


def pack(folder, archive, seconds):
    """Packs a folder so that nothing in the archive depends on when, where and by whom."""
    def plain(entry):
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = seconds, 0, 0, "root", "root"
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry
    with tarfile.open(archive, "w:xz", preset=6, format=tarfile.GNU_FORMAT) as packed:
        packed.add(folder, folder.name, filter=plain)  # sorts a folder's names


def write_debian(folder, root, version, seconds, os_release):
    """Writes debian/ into the source tree."""
    project = json.loads((root / "packaging/project.json").read_text(encoding="utf-8"))
    number, codename = system_of(os_release)
    fields = {**project, "version": version}
    debian = folder / "debian"
    shutil.copytree(root / "packaging/debian", debian, symlinks=False)
    for path in sorted(debian.rglob("*.in")):
        text = filled(path.read_text(encoding="utf-8"), fields, path.name)
        path.with_suffix("").write_text(text, encoding="utf-8")
        path.unlink()
    changelog = _CHANGELOG.format(version=version, revision=_REVISION.format(number), codename=codename,
                                  maintainer=project["maintainer"], date=email.utils.formatdate(seconds))
    (debian / "changelog").write_text(changelog, encoding="utf-8")
    for path in [debian, *debian.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.name == "rules" else 0o644)


def make_source(root, files, folder, seconds, os_release):
    """Makes the source tree and the archive, and returns the tree's path.

    Args:
      root: the project's folder.
      files: the paths of its files, below `root`.
      folder: into which the tree and the archive go.
      seconds: since 1970: the time that the archive and the changelog show.
      os_release: the text of /etc/os-release.
    """
    version = version_of(root)
    tree = folder / f"plimsoll-{version}"
    copy_project(root, files, tree)
    pack(tree, folder / f"plimsoll_{version}.orig.tar.xz", seconds)
    write_debian(tree, root, version, seconds, os_release)
    return tree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="an empty folder")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path.cwd(), help="the project's folder")
    parser.add_argument("--seconds", type=int, required=True, help="since 1970, for archive and changelog")
    options = parser.parse_args()
    files = sorted(name for name in sys.stdin.read().split("\0") if name)
    if not files:
        raise SystemExit("debian_source: expected the names of files on standard input, each ended by a zero byte")
    os_release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    tree = make_source(options.root, files, options.folder, options.seconds, os_release)
    print(tree)


if __name__ == "__main__":
    main()

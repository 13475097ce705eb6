"""A release's files: its version, templates with the names and addresses of packaging/project.json, and archives
whose bytes depend on what is in them alone."""

import argparse
import gzip
import json
import pathlib
import re
import shutil
import sys
import tarfile

_VERSION = re.compile(r'library_version = "(\d+\.\d+\.\d+)"')
_FIELD = re.compile(r"@(\w+)@")


def read_arguments(program, description):
    """What the programs that make something of a release's files are called with.

    Returns their options (folder, root, seconds) and the names of the files, which come by standard input. Errors say
    `program`.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="an empty folder")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path.cwd(), help="the project's folder")
    parser.add_argument("--seconds", type=int, required=True, help="since 1970: the time that is shown")
    options = parser.parse_args()
    files = sorted(name for name in sys.stdin.read().split("\0") if name)
    if not files:
        raise SystemExit(f"{program}: expected the names of files on standard input, each ended by a zero byte")
    return options, files


def version_of(root):
    """The project's version."""
    header = root / "core/session/version.h"
    found = _VERSION.search(header.read_text(encoding="utf-8"))
    if not found:
        raise SystemExit(f'release_files: {header} has no library_version = "MAJOR.MINOR.PATCH"')
    return found[1]


def project_of(root):
    """What packaging/project.json says, and the version."""
    project = json.loads((root / "packaging/project.json").read_text(encoding="utf-8"))
    return {**project, "version": version_of(root)}


def filled(text, fields, name):
    """`text` with each @FIELD@ replaced. An error says `name`."""
    def value(match):
        if match[1] not in fields:
            raise SystemExit(f"release_files: {name}: @{match[1]}@ is none of {', '.join(sorted(fields))}")
        return fields[match[1]]
    return _FIELD.sub(value, text)


def fill_folder(source, target, fields):
    """Copies a folder, in which NAME.in becomes NAME with each @FIELD@ replaced."""
    shutil.copytree(source, target, symlinks=False)
    for path in sorted(target.rglob("*.in")):
        text = filled(path.read_text(encoding="utf-8"), fields, path.name)
        path.with_suffix("").write_text(text, encoding="utf-8")
        path.unlink()


def copy_project(root, files, folder):
    """Copies `files`, paths below `root`, into `folder`. Absolute links are Bazel's: what they lead to is meant."""
    for name in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = root / name
        shutil.copy(source, target, follow_symlinks=source.is_symlink() and source.readlink().is_absolute())


def _plain(seconds):
    def plain(entry):
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = seconds, 0, 0, "root", "root"
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry
    return plain


def pack(folder, archive, seconds):
    """Packs a folder into `archive`, .tar.xz or .tar.gz, so that nothing in it depends on when, where and by whom."""
    def write(mode, **how):
        with tarfile.open(mode=mode, format=tarfile.GNU_FORMAT, **how) as packed:
            packed.add(folder, folder.name, filter=_plain(seconds))  # sorts a folder's names
    if archive.suffix == ".xz":
        write("w:xz", name=archive, preset=6)
        return
    # gzip's header has a name and a time.
    with open(archive, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
        write("w", fileobj=packed)

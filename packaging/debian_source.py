#!/usr/bin/python3
"""Makes a source tree from which dpkg-buildpackage builds the Debian packages.

FOLDER/plimsoll-VERSION has the files of the project and debian/, which is packaging/debian with the names and
addresses of packaging/project.json; FOLDER/plimsoll_VERSION.orig.tar.xz has the files alone. The same files and
the same time make the same bytes.
"""

import email.utils
import pathlib
import re

import release_files

# 0: a package of Debian's own, whose revisions begin with 1, counts as later. The second part is the release of
# Debian that the packages are built on and for.
_REVISION = "0+deb{}"

_CHANGELOG = """\
plimsoll ({version}-{revision}) {codename}; urgency=medium

  * Release {version}. What it brings stands in changelog.gz, beside this file.

 -- {maintainer}  {date}
"""


def system_of(os_release):
    """The release's number and name, of the text of /etc/os-release."""
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    if fields.get("ID") != "debian":
        raise SystemExit(f"debian_source: the packages are built on Debian; this is {fields.get('ID', 'unknown')}")
    return fields["VERSION_ID"], fields["VERSION_CODENAME"]


def write_debian(folder, root, seconds, os_release):
    """Writes debian/ into the source tree."""
    project = release_files.project_of(root)
    number, codename = system_of(os_release)
    debian = folder / "debian"
    release_files.fill_folder(root / "packaging/debian", debian, project)
    changelog = _CHANGELOG.format(version=project["version"], revision=_REVISION.format(number), codename=codename,
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
    version = release_files.version_of(root)
    tree = folder / f"plimsoll-{version}"
    release_files.copy_project(root, files, tree)
    release_files.pack(tree, folder / f"plimsoll_{version}.orig.tar.xz", seconds)
    write_debian(tree, root, seconds, os_release)
    return tree


def main():
    options, files = release_files.read_arguments("debian_source", __doc__)
    os_release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    tree = make_source(options.root, files, options.folder, options.seconds, os_release)
    print(tree)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Makes what package managers ask a release for: its source archive, and recipes that name the archive and its hash.

    FOLDER/plimsoll-VERSION.tar.gz
    FOLDER/vcpkg/ports/plimsoll/         for a pull request to vcpkg, or as an overlay port
    FOLDER/conan/recipes/plimsoll/       for a pull request to Conan's index, or `conan create`
    FOLDER/bcr/modules/plimsoll/         for a pull request to the Bazel Central Registry, or as a registry of one's own

They are packaging/recipes with the names and addresses of packaging/project.json. The same files and the same time
make the same bytes.
"""

import base64
import email.utils
import hashlib
import shutil

import release_files


def hashes_of(archive):
    """The archive's hashes, in the forms that recipes want."""
    content = archive.read_bytes()
    sha256 = hashlib.sha256(content)
    return {
        "integrity": "sha256-" + base64.b64encode(sha256.digest()).decode(),
        "sha256": sha256.hexdigest(),
        "sha512": hashlib.sha512(content).hexdigest(),
    }


def make_recipes(root, files, folder, seconds):
    """Makes the archive and the recipes.

    Args:
      root: the project's folder.
      files: the paths of its files, below `root`.
      folder: into which all goes; it is empty.
      seconds: since 1970: the time that the archive's files get.
    """
    project = release_files.project_of(root)
    version = project["version"]
    tree = folder / f"plimsoll-{version}"
    archive = folder / f"{tree.name}.tar.gz"
    release_files.copy_project(root, files, tree)
    release_files.pack(tree, archive, seconds)
    shutil.rmtree(tree)

    fields = {**project, **hashes_of(archive), "maintainer_address": email.utils.parseaddr(project["maintainer"])[1]}
    made = folder / "made"
    release_files.fill_folder(root / "packaging/recipes", made, fields)

    (folder / "vcpkg/ports").mkdir(parents=True)
    (made / "vcpkg").rename(folder / "vcpkg/ports/plimsoll")

    conan = folder / "conan/recipes/plimsoll"
    conan.mkdir(parents=True)
    (made / "conan/config.yml").rename(conan / "config.yml")
    (made / "conan").rename(conan / "all")

    module = folder / "bcr/modules/plimsoll"
    module.mkdir(parents=True)
    (made / "bcr/metadata.json").rename(module / "metadata.json")
    (made / "bcr").rename(module / version)
    shutil.copyfile(root / "MODULE.bazel", module / version / "MODULE.bazel")
    made.rmdir()


def main():
    options, files = release_files.read_arguments("recipes", __doc__)
    make_recipes(options.root, files, options.folder, options.seconds)


if __name__ == "__main__":
    main()

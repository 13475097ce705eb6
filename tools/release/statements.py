#!/usr/bin/python3
"""What a release says about itself: checksums, a bill of materials, and where it comes from.

  SHA256SUMS                       of all files, as sha256sum --check reads it
  plimsoll-VERSION.cdx.json        CycloneDX 1.5: each file, and what is compiled into it, with versions
  plimsoll-VERSION.intoto.json     an in-toto statement (v1) with SLSA's provenance (v1), unsigned

The same files, commit and machine make the same bytes: no time but the commit's, no random number.
"""

import argparse
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import uuid

import versions

_EMSCRIPTEN = pathlib.Path("/usr/share/emscripten/system/lib")

# What is compiled into what, by its package of Debian's, with its licence by SPDX's names.
PACKAGES = {
    "libboost1.83-dev": "BSL-1.0",
    "libcli11-dev": "BSD-3-Clause",
    "libtomlplusplus-dev": "MIT",
    "libxxhash-dev": "BSD-2-Clause",
    "nlohmann-json3-dev": "MIT",
}
_OF_BRIDGE = tuple(PACKAGES)
_OF_LIBRARY = ("libboost1.83-dev", "libtomlplusplus-dev", "libxxhash-dev")

# What Zig and Emscripten compile from their own sources, or we from a source of Debian's.
_LICENCES = {
    "emscripten": "MIT OR NCSA",
    "libc++": "Apache-2.0 WITH LLVM-exception",
    "musl": "MIT",
    "openssl": "Apache-2.0",
    "zig": "MIT",
}

# Names that are made of other names are always the same: no random number.
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def debian_version(package):
    """The version of an installed package, as the package database has it."""
    asked = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package], check=False, text=True,
                           capture_output=True)
    status, _, version = asked.stdout.partition(" ")
    if status != "installed":
        raise SystemExit(f"statements: the package {package} is not installed, so its version is not known")
    return version


def emscripten_components():
    """What Emscripten compiles into a module, as (name, version)."""
    header = (_EMSCRIPTEN / "libcxx/include/__config").read_text(encoding="utf-8")
    number = int(re.search(r"define _LIBCPP_VERSION (\d+)", header)[1])
    # XXYZZ, and from LLVM 16 on XXYYZZ.
    major, rest = divmod(number, 10000 if number >= 100000 else 1000)
    minor, patch = divmod(rest, 100)
    return [("musl", (_EMSCRIPTEN / "libc/musl/VERSION").read_text(encoding="utf-8").strip()),
            ("libc++", f"{major}.{minor}.{patch}"),
            ("emscripten", debian_version("emscripten"))]


def listed_components(path):
    """The components that a build has listed, a "NAME VERSION" a line."""
    return [tuple(line.split(" ", 1)) for line in path.read_text(encoding="utf-8").splitlines()]


def _component(name, version, suffix=""):
    return {
        "type": "library",
        "bom-ref": f"{name}@{version}{suffix}",
        "name": name,
        "version": version,
        "licenses": [{"expression": _LICENCES[name]}],
        "purl": f"pkg:generic/{name.replace('+', '%2B')}@{version.replace('+', '%2B')}",
    }


def _debian_component(package):
    version = debian_version(package)
    return {
        "type": "library",
        "bom-ref": f"{package}@{version}",
        "name": package,
        "version": version,
        "licenses": [{"expression": PACKAGES[package]}],
        "purl": f"pkg:deb/debian/{package.replace('+', '%2B')}@{version.replace('+', '%2B')}?distro=bookworm",
    }


def _inside(name, debian, static, wasm):
    """The components that are compiled into the file of this name."""
    if name.startswith("npm/plimsoll-bridge-") or name.startswith("static/"):
        return [debian[each] for each in _OF_BRIDGE] + static
    if name.startswith("npm/plimsoll-"):
        return [debian["libxxhash-dev"]] + wasm
    if re.match(r"deb/plimsoll-bridge_.*\.deb", name):
        return [debian[each] for each in _OF_BRIDGE]
    if re.match(r"deb/libplimsoll(0|-dev)_.*\.deb", name):
        return [debian[each] for each in _OF_LIBRARY]
    return []  # sources, and files about other files


def bill_of_materials(project, version, commit, seconds, files, static, wasm, debian=None):
    """CycloneDX 1.5, of {name: sha256}; `static` and `wasm` are lists of (name, version)."""
    debian = debian or {each: _debian_component(each) for each in PACKAGES}
    static = [_component(*each) for each in static]
    wasm = [_component(*each, suffix="#wasm") for each in wasm]
    root = f"{project['name']}@{version}"
    components, dependencies = {}, [{"ref": root, "dependsOn": [f"file:{name}" for name in files]}]
    for name, digest in files.items():
        inside = _inside(name, debian, static, wasm)
        components[f"file:{name}"] = {"type": "file", "bom-ref": f"file:{name}", "name": name, "version": version,
                                      "hashes": [{"alg": "SHA-256", "content": digest}]}
        components.update({each["bom-ref"]: each for each in inside})
        dependencies.append({"ref": f"file:{name}", "dependsOn": sorted(each["bom-ref"] for each in inside)})
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, root + commit)}",
        "version": 1,
        "metadata": {
            "timestamp": _time(seconds),
            "component": {"type": "library", "bom-ref": root, "name": project["name"], "version": version,
                          "description": project["summary"], "licenses": [{"license": {"id": project["license"]}}],
                          "externalReferences": [{"type": "vcs", "url": project["repository"]},
                                                 {"type": "website", "url": project["homepage"]}]},
        },
        "components": [components[each] for each in sorted(components)],
        "dependencies": dependencies,
    }


def _time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def provenance(project, version, commit, files, tools):
    """An in-toto statement, of {name: sha256}; `tools` has (package, version) of what built them."""
    repository = f"git+{project['repository']}"
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in files.items()],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{project['homepage']}/build-types/release/v1",
                "externalParameters": {"source": f"{repository}@refs/tags/v{version}", "version": version},
                "internalParameters": {"command": "./dev release"},
                "resolvedDependencies": [
                    {"uri": f"{repository}@refs/tags/v{version}", "digest": {"gitCommit": commit}},
                    *({"uri": f"pkg:deb/debian/{name.replace('+', '%2B')}@{number.replace('+', '%2B')}?distro=bookworm"}
                      for name, number in tools),
                ],
            },
            "runDetails": {"builder": {"id": project["builder"]}},
        },
    }


def digests(folder):
    """{path below the folder: sha256} of its files, sorted."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def placeholders(project):
    """The fields of project.json that have an address of nobody's (RFC 2606)."""
    return [name for name, value in project.items() if re.search(r"\.(example|invalid|test)\b", value)]


def _write(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


# What compiles and packs: these versions decide which bytes come out.
_TOOLS = ("bazel-bootstrap", "binutils", "cmake", "debhelper", "emscripten", "g++-12", "libssl-dev", "ninja-build",
          "python3", *PACKAGES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, nargs="?", help="the files of the release, without statements")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path.cwd(), help="the project's folder")
    parser.add_argument("--commit", help="the whole hash")
    parser.add_argument("--seconds", type=int, help="since 1970: the time of the commit")
    parser.add_argument("--placeholders", action="store_true",
                        help="only print the fields of packaging/project.json that have no real address")
    parser.add_argument("--packages", action="store_true", help="only print the packages that are compiled into files")
    parser.add_argument("--static-components", type=pathlib.Path, help="the list that the static build has written")
    options = parser.parse_args()
    project = json.loads((options.root / "packaging/project.json").read_text(encoding="utf-8"))
    if options.placeholders:
        print(", ".join(placeholders(project)))
        return
    if options.packages:
        print(" ".join(PACKAGES))
        return
    if not options.folder or not options.commit or options.seconds is None:
        parser.error("expected a folder, --commit and --seconds")
    version = versions.version_of(options.root)
    files = digests(options.folder)
    static = listed_components(options.static_components) if options.static_components else []
    wasm = emscripten_components() if any(name.startswith("npm/plimsoll-") for name in files) else []
    _write(options.folder / f"plimsoll-{version}.cdx.json",
           bill_of_materials(project, version, options.commit, options.seconds, files, static, wasm))
    _write(options.folder / f"plimsoll-{version}.intoto.json",
           provenance(project, version, options.commit, files, [(each, debian_version(each)) for each in _TOOLS]))
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests(options.folder).items())
    (options.folder / "SHA256SUMS").write_text(sums, encoding="utf-8")


if __name__ == "__main__":
    main()

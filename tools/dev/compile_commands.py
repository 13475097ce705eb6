#!/usr/bin/python3
"""Makes a compile_commands.json, for clang-tidy and clangd, from Bazel's own actions.

  bazel aquery --output=jsonproto ... | compile_commands.py EXECUTION_ROOT > compile_commands.json
  compile_commands.py --files [PREFIX...] < compile_commands.json

The second prints the sources whose names begin with a prefix, or all of them, a path a line.
"""

import json
import sys

# Bazel's, not the compiler's: clang-tidy parses, and would check the layering anew.
DROPPED = ("-fmodules-strict-decluse", "-Wprivate-header", "-fmodule-name=", "-fmodule-map-file=")


def commands(actions, root):
    """One entry for each of our own sources; other repositories' are not ours to judge."""
    found = {}
    for action in actions:
        arguments = action["arguments"]
        source = arguments[arguments.index("-c") + 1]
        if source.startswith(("external/", "bazel-out/")):
            continue
        found[source] = {
            "directory": root,
            "file": source,
            "arguments": [a for a in arguments if not a.startswith(DROPPED)],
        }
    return [found[source] for source in sorted(found)]


def sources(entries, prefixes):
    """The sources below the prefixes, as paths that hold in any directory."""
    for entry in entries:
        if not prefixes or entry["file"].startswith(tuple(prefixes)):
            yield f"{entry['directory']}/{entry['file']}"


def main(first, *rest):
    given = json.load(sys.stdin)
    if first == "--files":
        print("".join(path + "\n" for path in sources(given, rest)), end="")
    else:
        json.dump(commands(given.get("actions", []), first), sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/python3
"""compare.py FOLDER FOLDER: whether two folders have the same files, and which differ, and where."""

import pathlib
import sys

import statements


def difference(first, second):
    """Where the bytes of two files begin to differ."""
    length = min(len(first), len(second))
    at = next((index for index in range(length) if first[index] != second[index]), length)
    return f"of {len(first)} and {len(second)} bytes, from byte {at} on"


def differences(first, second):
    """A line for each file that only one of the folders has, or that differs."""
    ours, theirs = statements.digests(first), statements.digests(second)
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs or name not in ours:
            yield f"{name}: only in {first if name in ours else second}"
        elif ours[name] != theirs[name]:
            yield f"{name}: differs, {difference((first / name).read_bytes(), (second / name).read_bytes())}"


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    first, second = map(pathlib.Path, sys.argv[1:])
    found = list(differences(first, second))
    for line in found:
        print(f"compare: {line}", file=sys.stderr)
    if found:
        raise SystemExit(1)
    count = len(statements.digests(first))
    if count == 0:
        raise SystemExit("compare: there are no files to compare")
    print(f"compare: {count} files, the same in both", file=sys.stderr)


if __name__ == "__main__":
    main()

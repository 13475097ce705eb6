#!/usr/bin/python3
"""Says where the time of ./dev test went: where_time_goes.py PROFILE...

The profiles are what Bazel leaves in the folder that PLIMSOLL_TEST_PROFILES names:

    mkdir -p /tmp/profiles && PLIMSOLL_TEST_PROFILES=/tmp/profiles ./dev test
    tools/testing/where_time_goes.py /tmp/profiles/*.gz

With that each stage runs as many actions at a time as there are processors. A second is one of the clock, in which
an action computed, waited, or shared a processor with a stage beside it. CONTRIBUTING.md says how to count what
programs compute.
"""

import collections
import gzip
import json
import pathlib
import sys

# The first word of what Bazel says while an action runs.
_KINDS = {"Compiling": "compile", "Linking": "link", "Testing": "test"}
_DEAREST = 20


def _actions(path):
    """The kind, name and seconds of each action that a profile has."""
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as text:
        events = json.load(text)["traceEvents"]
    for event in events:
        if event.get("cat") == "action processing" and event.get("dur"):
            verb, _, name = event["name"].partition(" ")
            yield _KINDS.get(verb, "other"), name, event["dur"] / 1e6


def main(paths):
    """Prints a table of the configurations, and the dearest files and tests."""
    dearest = collections.defaultdict(list)
    print("| configuration | compile | files | link | test | tests | other |")
    print("|---|---|---|---|---|---|---|")
    for path in map(pathlib.Path, paths):
        seconds, count = collections.Counter(), collections.Counter()
        configuration = path.name.removesuffix(".gz")
        for kind, name, spent in _actions(path):
            seconds[kind] += spent
            count[kind] += 1
            dearest[kind].append((spent, configuration, name))
        print(f"| {configuration} | {seconds['compile']:.0f} s | {count['compile']} | {seconds['link']:.0f} s"
              f" | {seconds['test']:.0f} s | {count['test']} | {seconds['other']:.0f} s |")
    for kind in ("compile", "test"):
        print(f"\nThe dearest {_DEAREST} to {kind}:\n")
        for spent, configuration, name in sorted(dearest[kind], reverse=True)[:_DEAREST]:
            print(f"    {spent:6.1f} s  {configuration:8}  {name}")


if __name__ == "__main__":
    main(sys.argv[1:])

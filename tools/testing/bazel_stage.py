"""A stage of the tests that Bazel runs: one configuration, in one workspace."""

import os
import pathlib
import subprocess
import sys

import report

# As every ./dev command starts it: with what bazel.sh says of $HOME, and of progress on terminals. $1 is an
# output base, or empty.
_RUN_BAZEL = """
source "$0"
base=${1:+--output_base=$1}
shift
case $1 in
  build | test) set -- "$1" "${quiet_build[@]}" "${@:2}" ;;
esac
run_bazel $base "$@"
"""


class Interrupted(Exception):
    """Ctrl-C: Bazel answers it by ending in order, so its status is all that we see of it."""


def bazel(command, arguments, folder=".", base="", **kwargs):
    """Runs Debian's Bazel to its end, and returns what subprocess.run() does. The output base is the workspace's own
    unless told otherwise."""
    script = pathlib.Path("tools/dev/bazel.sh").resolve()
    words = ["bash", "-c", _RUN_BAZEL, str(script), base, command, *arguments]
    done = subprocess.run(words, cwd=folder, check=False, **kwargs)
    if done.returncode == 8:  # Bazel's own number for an interrupt
        raise Interrupted
    return done


def query(expression):
    """The labels that a query finds."""
    done = bazel("query", ["--noshow_progress", expression], stdout=subprocess.PIPE, text=True)
    labels = done.stdout.split()
    if done.returncode != 0:
        raise SystemExit(f"test: bazel query fails: {expression}")
    return labels


def second_base():
    """An output base beside the workspace's own. One Bazel works in each, so two stages run at a time; and neither
    discards what the other has analysed."""
    done = bazel("info", ["output_base"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode != 0:
        raise SystemExit("test: bazel info output_base fails")
    return done.stdout.strip() + "-beside"


class BazelStage:
    """Tests that one `bazel test` runs."""

    def __init__(self, name, patterns, flags=(), folder=".", base=""):
        """
        Args:
          name: for people, and of the files of this stage.
          patterns: of targets, as Bazel takes them; such as begin with - are left out.
          flags: what makes the configuration.
          folder: of the workspace.
          base: the output base, unless it is the workspace's own.
        """
        self.name = name
        self._patterns = list(patterns)
        self._flags = list(flags)
        self._folder = folder
        self._base = base
        if base:
            # The links in the working tree lead to the workspace's own base.
            self._flags.append("--experimental_convenience_symlinks=ignore")

    def run(self, scratch):
        """Runs all of them; a failure is a Target that says so."""
        return self._test(scratch / f"{self.name}.events", [], self._patterns)

    def run_again(self, target, scratch):
        """Runs one target once more, with nothing beside it."""
        alone = ["--nocache_test_results", "--local_test_jobs=1"]
        results = self._test(scratch / f"{self.name}.again.events", alone, [target.name])
        for result in results:
            if result.name == target.name:
                return result
        return report.Target(self.name, target.name, failed=["cannot be run again"], ran=False)

    def build(self):
        """Builds them all, so that a run only runs."""
        bazel("build", [*self._flags, "--", *self._patterns], folder=self._folder, base=self._base, stdout=sys.stderr)

    def run_repeatedly(self, times, scratch):
        """Runs each of them `times` times, whatever was kept of earlier runs."""
        often = ["--nocache_test_results", f"--runs_per_test={times}"]
        return self._test(scratch / f"{self.name}.events", often, self._patterns)

    def _test(self, events, flags, patterns):
        events.write_text("", encoding="utf-8")
        bazel("test", [
            "--keep_going", "--test_summary=terse", f"--build_event_json_file={events}",
            *self._flags, *flags, *_profile(self.name), "--", *patterns
        ], folder=self._folder, base=self._base, stdout=sys.stderr)
        with events.open(encoding="utf-8") as lines:
            return report.read_events(self.name, lines)


def _profile(name):
    """With PLIMSOLL_TEST_PROFILES=FOLDER each stage leaves Bazel's profile there: see
    tools/testing/where_time_goes.py."""
    folder = os.environ.get("PLIMSOLL_TEST_PROFILES")
    if not folder:
        return []
    # An action for each processor, so that an action's seconds are what it costs.
    return [f"--profile={folder}/{name}.gz", "--jobs=HOST_CPUS", "--local_cpu_resources=HOST_CPUS"]

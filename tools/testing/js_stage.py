"""The stage of the tests that Bazel's sandbox is no place for: the npm package, in each runtime, and the
demo's page in a browser."""

import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import threading

import report

# Against what hangs, in milliseconds: of a case.
_CASE_TIMEOUT = 600_000
# And of a suite, in seconds.
_SUITE_TIMEOUT = 900

_NODE = ["node", "--test", f"--test-timeout={_CASE_TIMEOUT}", "--test-reporter=junit", "--test-reporter=spec",
         "--test-reporter-destination={report}", "--test-reporter-destination=stdout"]
_DENO = ["deno", "test", "-A", "--no-check", "--no-lock", "--quiet", "--junit-path={report}"]
_BUN = ["bun", "test", f"--timeout={_CASE_TIMEOUT}", "--reporter=junit", "--reporter-outfile={report}"]


@dataclasses.dataclass
class Suite:
    """A process that runs test files, in a folder of its stage."""

    name: str
    folder: str
    command: list
    files: list
    # Of seconds on a quiet machine, so that the longest begin first.
    seconds: int = 5
    # Nothing runs beside it: it builds what the others read.
    alone: bool = False


def _node(name, folder, *files, **more):
    return Suite(name, folder, _NODE, list(files), **more)


def _installed(name, **more):
    """One file, as a user of the installed package has it."""
    return _node(name, "consumer", f"{name}.test.mjs", **more)


def _page(name, **more):
    """One file about the demo's page."""
    return _node(f"page-{name}", "page", f"test/{name}.test.mjs", **more)


SUITES = [
    _node("own", "package", "test/*.test.mjs", seconds=10),
    _installed("runtime"),
    _installed("transports"),
    _installed("cases"),
    _installed("credits"),
    _node("ioredis", "consumer", "ioredis.test.mjs", "ioredis_unlike.test.mjs"),
    _installed("high_water", seconds=20),
    _installed("cuts"),
    _installed("package"),
    _installed("examples"),
    _installed("workers", seconds=10),
    _installed("browser", seconds=25),
    _installed("proxies", seconds=12),
    _installed("operation", seconds=8),
    _installed("launcher", seconds=8),
    _installed("getting_started", seconds=10),
    _installed("service"),
    _installed("users", seconds=6),
    _installed("bridge_cluster", seconds=12),
    _installed("bridge_cluster_sides", seconds=15),
    _installed("bridge_cluster_cache", seconds=8),
    _installed("shared_bridge", seconds=10),
    _installed("shared_resp", seconds=10),
    _installed("jsr"),
    Suite("deno", "consumer", _DENO,
          ["runtime.test.mjs", "transports.test.mjs", "credits.test.mjs", "ioredis.test.mjs"], seconds=13),
    Suite("bun", "consumer", _BUN,
          ["./runtime.test.mjs", "./transports.test.mjs", "./ioredis.test.mjs"], seconds=6),
    # One process has one memory line, and these have another.
    Suite("bun-credits", "consumer", _BUN, ["./credits.test.mjs"]),
    _node("release", "release", "release.test.mjs"),
    _page("loading", seconds=17),
    _page("failures", seconds=12),
    _page("controls", seconds=50),
    _page("trouble", seconds=45),
    _page("console", seconds=15),
    _page("access", seconds=30),
    _page("flat", seconds=20),
    _page("cluster", seconds=25),
    # It builds the page anew, as ./dev demo does.
    _page("command", seconds=15, alone=True),
]


class JsStage:
    """All suites, a few at a time."""

    name = "js"

    def __init__(self, suites=None, prepare=None, at_a_time=2, timeout=_SUITE_TIMEOUT, kept=None):
        """
        Args:
          suites: which to run; all of SUITES unless told otherwise.
          prepare: an object with the methods of Preparation, which is what there is unless told otherwise.
          at_a_time: how many run beside each other.
          timeout: seconds that a suite may take.
          kept: a KeptResults; a suite whose result it has is not run.
        """
        self._suites = SUITES if suites is None else suites
        self._prepare = prepare or Preparation()
        self._at_a_time = at_a_time
        self._timeout = timeout
        self._kept = kept
        # What prepare.pack() said; None where it has not run, or something before it failed.
        self._made = None
        self._lock = threading.Lock()
        self._leaders = set()
        self._stopped = False

    def install(self):
        """Installs what the suites need from npm. build() may run meanwhile, and others may use Bazel."""
        self._prepare.install()

    def build(self, scratch):
        """Builds what the suites need of Bazel's. Call it while nobody else uses Bazel."""
        self._prepare.build(scratch / "js")

    def pack(self, scratch):
        """Makes the packages of that, behind install() and build(). Others may use Bazel meanwhile."""
        if self._kept:
            self._kept.look(scratch / "js" / "parts")
            if len(self.unchanged()) == len(self._suites):
                return
        self._made = self._prepare.pack(scratch / "js")

    def unchanged(self):
        """The names of suites that run() does not run, since they passed before and nothing has changed that they may
        read. Known behind pack()."""
        return [suite.name for suite in self._suites if self._kept and self._kept.result(self.name, suite)]

    def prepare(self, scratch):
        """All three. Call it while nobody else uses Bazel."""
        self.install()
        self.build(scratch)
        self.pack(scratch)

    def run(self, scratch, alone=False, which="first"):
        """Runs the suites that are `alone`, or those that are not; `which` names the folder of the outputs."""
        suites = [suite for suite in self._suites if suite.alone == alone]
        suites.sort(key=lambda suite: -suite.seconds)
        with concurrent.futures.ThreadPoolExecutor(self._at_a_time) as pool:
            return list(pool.map(lambda suite: self._kept_or_run(suite, scratch, which), suites))

    def run_again(self, target, scratch):
        """Runs one suite once more, with nothing beside it."""
        [suite] = [suite for suite in self._suites if suite.name == target.name]
        return self._run(suite, scratch, "again")

    def run_repeatedly(self, times, scratch):
        """Runs each suite `times` times, and returns what became of each time."""
        results = []
        for number in range(times):
            for alone in (False, True):
                results += self.run(scratch, alone, f"time-{number + 1}")
        return results

    def stop(self):
        """Ends all suites that run, with all that they have started, and lets no other begin."""
        with self._lock:
            self._stopped = True
            for leader in self._leaders:
                _kill_group(leader)

    def _kept_or_run(self, suite, scratch, which):
        kept = self._kept and self._kept.result(self.name, suite)
        if kept:
            return kept
        target = self._run(suite, scratch, which)
        if self._kept:
            self._kept.keep(suite, target)
        return target

    def _run(self, suite, scratch, which):
        outputs = scratch / "js" / which
        outputs.mkdir(parents=True, exist_ok=True)
        xml = outputs / f"{suite.name}.xml"
        log = outputs / f"{suite.name}.log"
        if self._made is None:
            return report.Target(self.name, suite.name, failed=["what it needs does not build"],
                                 ran=False)
        folder = self._made["folders"][suite.folder]
        words = [word.format(report=xml) for word in suite.command]
        words[0] = self._made["programs"].get(words[0], words[0])
        files = [str(path) for pattern in suite.files for path in _expand(folder, pattern)]
        with log.open("wb") as output:
            status = self._status(words + files, folder, output)
        return report.read_suite(self.name, suite.name, xml, log, status)

    def _status(self, words, folder, output):
        """Runs a suite to its end, and returns its status, or why it has none.

        It leads a process group. A suite that hangs, or whose set-up fails, leaves its servers running:
        they end with the group.
        """
        with self._lock:
            if self._stopped:
                return "the run was stopped"
            process = subprocess.Popen(
                words, cwd=folder, env={**os.environ, **self._made["environment"]}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            self._leaders.add(process.pid)
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            return f"it did not end within {self._timeout} s"
        finally:
            with self._lock:
                # The suite itself may be gone; the id stays the group's while anybody is left in it.
                _kill_group(process.pid)
                self._leaders.remove(process.pid)
            process.wait()


def _kill_group(leader):
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _expand(folder, pattern):
    if "*" not in pattern:
        return [pattern]
    return sorted(path.relative_to(folder) for path in pathlib.Path(folder).glob(pattern))


class Preparation:
    """Has prepare_js.sh make what the suites need; behind a step that failed it makes nothing more."""

    def __init__(self):
        self._fine = True

    def install(self):
        """What comes from npm, into the working tree."""
        self._do("install", "")

    def build(self, folder):
        """What Bazel builds, into `folder`, which is emptied first."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._do("build", folder)

    def pack(self, folder):
        """The packages, in the folder of build(): a dict with the folders of Suite.folder, the runtimes, and the
        environment of the suites; None if they cannot be made."""
        self._do("pack", folder)
        if not self._fine:
            return None
        said = {}
        for line in (folder / "environment").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            said[name] = value
        return {
            "folders": {
                "package": pathlib.Path("js").resolve(),
                "page": pathlib.Path("js/demo").resolve(),
                "release": pathlib.Path("tools/release").resolve(),
                "consumer": folder / "consumer",
            },
            "programs": {"node": said["NODE"], "deno": said["DENO"], "bun": said["BUN"]},
            "environment": said,
        }

    def _do(self, step, folder):
        script = pathlib.Path("tools/testing/prepare_js.sh").resolve()
        if self._fine:
            done = subprocess.run(["bash", str(script), step, str(folder)], check=False)
            if done.returncode != 0:
                self._fine = False

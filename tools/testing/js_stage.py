"""The stage of the tests that Bazel's sandbox is no place for: the npm package, in each runtime, and the
demo's page in a browser."""

import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import subprocess

import report

# Against what hangs, in milliseconds: of a case.
_CASE_TIMEOUT = 900_000
# And of a suite, in seconds.
_SUITE_TIMEOUT = 1800

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
    _installed("ioredis"),
    _installed("high_water", seconds=20),
    _installed("cuts"),
    _installed("package"),
    _installed("examples"),
    _installed("workers", seconds=10),
    _installed("browser", seconds=25),
    _installed("proxies", seconds=12),
    _installed("operation", seconds=8),
    _installed("launcher", seconds=8),
    _installed("service"),
    _installed("users", seconds=6),
    Suite("deno", "consumer", _DENO,
          ["runtime.test.mjs", "transports.test.mjs", "credits.test.mjs", "ioredis.test.mjs"], seconds=13),
    Suite("bun", "consumer", _BUN,
          ["./runtime.test.mjs", "./transports.test.mjs", "./ioredis.test.mjs"], seconds=6),
    # One process has one memory line, and these have another.
    Suite("bun-credits", "consumer", _BUN, ["./credits.test.mjs"]),
    _page("loading", seconds=17),
    _page("failures", seconds=12),
    _page("controls", seconds=50),
    _page("trouble", seconds=45),
    _page("console", seconds=15),
    _page("access", seconds=30),
    _page("flat", seconds=20),
    # It builds the page anew, as ./dev demo does.
    _page("command", seconds=15, alone=True),
]


class JsStage:
    """All suites, a few at a time."""

    name = "js"

    def __init__(self, suites=None, prepare=None, at_a_time=2):
        """
        Args:
          suites: which to run; all of SUITES unless told otherwise.
          prepare: makes in a folder what the suites need, and returns a dict with the folders of Suite.folder
              and the environment of their processes; prepare_js.sh unless told otherwise.
          at_a_time: how many run beside each other.
        """
        self._suites = SUITES if suites is None else suites
        self._prepare = prepare or _prepare
        self._at_a_time = at_a_time
        self._made = None

    def prepare(self, scratch):
        """Builds what the suites need. Call it while nobody else builds."""
        self._made = self._prepare(scratch / "js")

    def run(self, scratch, alone=False, which="first"):
        """Runs the suites that are `alone`, or those that are not; `which` names the folder of the outputs."""
        suites = [suite for suite in self._suites if suite.alone == alone]
        suites.sort(key=lambda suite: -suite.seconds)
        with concurrent.futures.ThreadPoolExecutor(self._at_a_time) as pool:
            return list(pool.map(lambda suite: self._run(suite, scratch, which), suites))

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
            try:
                status = subprocess.run(
                    words + files, cwd=folder, env={**os.environ, **self._made["environment"]},
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
                    timeout=_SUITE_TIMEOUT).returncode
            except subprocess.TimeoutExpired:
                status = f"none: it did not end within {_SUITE_TIMEOUT} s"
        return report.read_suite(self.name, suite.name, xml, log, status)


def _expand(folder, pattern):
    if "*" not in pattern:
        return [pattern]
    return sorted(path.relative_to(folder) for path in pathlib.Path(folder).glob(pattern))


def _prepare(folder):
    """Has prepare_js.sh make the package, and reads what it says of it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    script = pathlib.Path("tools/testing/prepare_js.sh").resolve()
    if subprocess.run(["bash", str(script), str(folder)], check=False).returncode != 0:
        return None
    said = {}
    for line in (folder / "environment").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        said[name] = value
    return {
        "folders": {
            "package": pathlib.Path("js").resolve(),
            "page": pathlib.Path("js/demo").resolve(),
            "consumer": folder / "consumer",
        },
        "programs": {"node": said["NODE"], "deno": said["DENO"], "bun": said["BUN"]},
        "environment": said,
    }

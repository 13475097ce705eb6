"""Which suites in JavaScript have passed, for as long as nothing changes of what they depend on: as Bazel knows it of
its own tests."""

import hashlib
import json
import os
import pathlib
import subprocess
import threading

import report

# What Bazel builds of these, suites depend on as its outputs: see Preparation.build().
_ROOMS = ("bench/", "core/", "demo/", "fuzz/", "native/", "tests/", "wasm/")
# But these they read, or what prepares them does.
_READ = ("bench/budget", "core/commands/data/", "tests/commands/examples/")
# Pages about the project, which none of them reads.
_UNREAD = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "DECISIONS.md")
# Which programs they run, if not those of Debian's packages.
_VARIABLES = ("CHROMIUM", "NODE", "PLIMSOLL_NODE", "VALKEY_SERVER")
# The walks of ./dev demo, which are linked with the native client; the page's suites alone run them.
_DEMOS = ("demo", "demo-cluster")


def sources():
    """Each file of the working tree that git does not ignore; nothing outside of a repository."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [path for path in done.stdout.split("\0") if path]


def installed():
    """What says which version each program has."""
    return subprocess.run(["dpkg-query", "-W"], check=False, stdout=subprocess.PIPE).stdout


class KeptResults:
    """How many cases each suite has passed, in a file."""

    def __init__(self, path, sources=sources, installed=installed):
        """
        Args:
          path: of the file.
          sources: what lists all files that suites may read.
          installed: what describes the programs that they run.
        """
        self._path = pathlib.Path(path)
        self._sources = sources
        self._installed = installed
        self._digests = {}
        self._lock = threading.Lock()

    def look(self, parts):
        """Sees what suites depend on just now. Without a call, nothing is known and nothing is kept.

        Args:
          parts: the folder of what Bazel has built for them.
        """
        paths = sorted(path for path in self._sources() if _is_read(path) and os.path.isfile(path))
        # The other case is a build that failed.
        if not paths or not pathlib.Path(parts, _DEMOS[0]).exists():
            return
        common = hashlib.sha256(self._installed())
        for name in _VARIABLES:
            _add(common, name, os.environ.get(name, "").encode())
        for path in paths:
            _add(common, path, pathlib.Path(path).read_bytes())
        for part in sorted(pathlib.Path(parts).iterdir()):
            if part.name not in _DEMOS:
                _add(common, part.name, part.read_bytes())
        page = common.copy()
        for name in _DEMOS:
            part = pathlib.Path(parts, name)
            if part.exists():
                _add(page, name, part.read_bytes())
        self._digests = {"page": page.hexdigest(), "other": common.hexdigest()}

    def result(self, stage, suite):
        """What became of a suite, if it passed and would find everything as it was; or None."""
        kept = self._read().get(suite.name)
        if kept is None or kept["digest"] != self._digest(suite):
            return None
        return report.Target(stage, suite.name, passed=kept["passed"])

    def keep(self, suite, target):
        """Remembers what became of a suite, if it passed."""
        digest = self._digest(suite)
        if digest is None or target.failed:
            return
        with self._lock:
            results = self._read()
            results[suite.name] = {"digest": digest, "passed": target.passed}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all, whenever somebody ends this.
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            new.replace(self._path)

    def _digest(self, suite):
        return self._digests.get("page" if suite.folder == "page" else "other")

    def _read(self):
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # None yet, or not one of ours.
            return {}


def _is_read(path):
    return path not in _UNREAD and (not path.startswith(_ROOMS) or path.startswith(_READ))


def _add(digest, name, value):
    # With lengths, so that no two lists of files look the same.
    digest.update(f"{len(name)} {name} {len(value)} ".encode())
    digest.update(value)

#!/usr/bin/python3
"""What plimsoll-bridge itself says of a configuration, and how it ends: the binary, as an operator runs it."""

import hashlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

import python_cases

_BRIDGE = pathlib.Path("native/bridge/plimsoll-bridge").resolve()
_NAME = "plimsoll-bridge: "
_FINE = """\
listen = ["127.0.0.1:0"]
tokens_file = "tokens"
[upstreams.main]
url = "valkey://127.0.0.1:1"
[profiles.page]
allow = ["get"]
"""
_BROKEN = """\
listen = ["127.0.0.1:0"]
tokens_file = "none"
[tls]
certificate_file = "tokens"
key_file = "tokens"
[upstreams.main]
url = "valkeys://127.0.0.1:6379/3"
[profiles.admin]
allow = ["@reed"]
[profiles.page]
allow = ["gett"]
"""
_PROBLEMS = """\
b.toml:2: tokens_file: none: No such file or directory
b.toml:4: tls.certificate_file: tokens: has no certificate in PEM; expected -----BEGIN CERTIFICATE-----
b.toml:5: tls.key_file: tokens: has no private key in PEM; expected -----BEGIN PRIVATE KEY-----, unencrypted
b.toml:7: upstreams.main.url: sets database, client_name or protocol, which each client chooses itself
b.toml:9: profiles.admin.allow: '@reed' is not a category of commands; did you mean @read?
b.toml:11: profiles.page.allow: 'gett' is not a command; did you mean get?
"""


def _named(lines):
    return "".join(f"{_NAME}{line}\n" for line in lines.splitlines())


def _token(text, profile="page"):
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()} {profile}\n"


class ProgramTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.write("tokens", _token("open"))
        self.write("b.toml", _FINE)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def run_bridge(self, *options):
        made = subprocess.run([_BRIDGE, "--config", "b.toml", *options], cwd=self.folder, check=False, text=True,
                              capture_output=True)
        return made.returncode, made.stdout, made.stderr

    def start(self):
        """A bridge that listens."""
        bridge = subprocess.Popen([_BRIDGE, "--config", "b.toml"], cwd=self.folder, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(bridge.stdout.close)
        self.addCleanup(bridge.stderr.close)
        self.addCleanup(bridge.wait)
        self.addCleanup(bridge.kill)
        self.assertRegex(bridge.stdout.readline(), r"^listening on ws://127\.0\.0\.1:\d+/$")
        return bridge

    def lines_after(self, bridge, act):
        """What a bridge writes to stderr on SIGHUP, up to the line that says what it did."""
        act()
        os.kill(bridge.pid, signal.SIGHUP)
        said = []
        while not said or not said[-1].startswith("SIGHUP: "):
            line = bridge.stderr.readline()
            self.assertTrue(line.startswith(_NAME), line)
            said.append(line.removeprefix(_NAME).rstrip("\n"))
        return said

    def test_valid(self):
        """--check says that a configuration is valid"""
        self.assertEqual(self.run_bridge("--check"), (0, "the configuration is valid\n", ""))

    def test_cluster_with_cache(self):
        """a cluster with a cache is valid, and the bridge starts with it before a node answers"""
        self.write("b.toml", _FINE.replace("valkey://127.0.0.1:1", "valkey+cluster://127.0.0.1:1,127.0.0.1:2")
                   .replace("[profiles", 'cache.size = "32 MiB"\n[profiles'))
        self.assertEqual(self.run_bridge("--check"), (0, "the configuration is valid\n", ""))
        self.start()

    def test_all_problems(self):
        """--check and a start list the same problems, all of them, and end with status 1"""
        self.write("b.toml", _BROKEN)
        expected = (1, "", _named(_PROBLEMS))
        self.assertEqual(self.run_bridge("--check"), expected)
        self.assertEqual(self.run_bridge(), expected)

    def test_warning(self):
        """a warning does not keep the configuration from being valid"""
        self.write("b.toml", _FINE + 'deny = ["get"]\n')
        warned = _named("warning: b.toml:6: profiles.page.allow: 'get' has no effect, because deny has it as well")
        self.assertEqual(self.run_bridge("--check"), (0, "the configuration is valid\n", warned))

    def test_nothing_is_made(self):
        """a configuration with a problem makes no file"""
        self.write("b.toml", 'access_log = "access.json"\n' + _FINE.replace('"get"', '"gett"'))
        self.assertEqual(self.run_bridge()[0], 1)
        self.assertEqual(self.run_bridge("--check")[0], 1)
        self.assertFalse((self.folder / "access.json").exists())

    def test_port_taken(self):
        """if a port is taken, the bridge says which address, and ends with status 1"""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assertEqual(self.run_bridge("--listen", address),
                             (1, "", _named(f"listen: cannot listen on {address}: Address already in use")))
            self.assertEqual(self.run_bridge("--metrics", address),
                             (1, "", _named(f"metrics: cannot listen on {address}: Address already in use")))

    def test_version(self):
        """--version has the name and the number in its first line, and libraries in the second"""
        said = subprocess.run([_BRIDGE, "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
        self.assertRegex(said, r"\Aplimsoll-bridge \d+\.\d+\.\d+\nwith OpenSSL \d[^\n]*, Boost \d+\.\d+\S*\n\Z")

    def test_hangup(self):
        """SIGHUP lists all problems, and keeps the old tokens only if the new ones cannot be known"""
        bridge = self.start()
        read_again = "SIGHUP: tokens and keys were read again; "
        self.assertEqual(self.lines_after(bridge, lambda: self.write("tokens", _token("other"))),
                         [f"{read_again}other changes need a restart"])
        self.assertEqual(self.lines_after(bridge, lambda: self.write("b.toml", _BROKEN)),
                         [*_PROBLEMS.splitlines(), "SIGHUP: the old tokens and keys stay in force"])
        # Pages and certificates count from the next start: a token that is gone is withdrawn all the same.
        self.assertEqual(self.lines_after(bridge, lambda: self.write("b.toml", _FINE + '[pages]\nfolder = "dist"\n')),
                         ["b.toml:8: pages.folder: dist: No such file or directory",
                          f"{read_again}but with these problems the bridge would not start"])
        # So is the last one.
        self.write("b.toml", _FINE)
        self.assertEqual(self.lines_after(bridge, lambda: self.write("tokens", "")),
                         ["b.toml:2: tokens_file: tokens: has no token, so no client could connect; expected a line of "
                          "--make-token PROFILE",
                          f"{read_again}but with these problems the bridge would not start"])
        bridge.terminate()
        self.assertEqual(bridge.wait(), 0)
        self.assertEqual(re.sub(r"listening on [^\n]*\n", "", bridge.stdout.read()), "")


if __name__ == "__main__":
    python_cases.main()

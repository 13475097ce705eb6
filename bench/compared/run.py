#!/usr/bin/python3
"""Makes the same burst of requests with each client, and looks at its memory: run.py RECORD NAME=COMMAND...

Each COMMAND is a client in a process of its own, to which HOST and PORT are added (worker.h says what it understands). One
after the other they get a private server and one burst. RECORD gets, for each, the resident memory once it is connected,
the peak during the burst, and what is left some seconds after the last reply.
"""

import argparse
import contextlib
import datetime
import json
import pathlib
import platform
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time

REQUESTS = 100_000
VALUE_BYTES = 1024
SETTLE_SECONDS = 10
PATIENCE_SECONDS = 60


class BenchError(Exception):
    """There is no comparison; the text says why."""


@contextlib.contextmanager
def private_server():
    """A valkey-server on loopback, without persistence; gives its port."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as held:
        # Bound and never listened on, so that nobody else is given the port before the server has it.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        command = ["valkey-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_until_listening(server, port)
            yield port
        finally:
            server.terminate()
            server.wait()


def _wait_until_listening(server, port):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise BenchError(f"valkey-server ended with status {server.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as probe:
            probe.sendall(b"PING\r\n")
            if probe.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.02)
    raise BenchError(f"valkey-server does not answer on port {port}")


def memory_mib(pid, field):
    """VmRSS (resident now) or VmHWM (the most since the last reset) of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return round(int(line.split()[1]) / 1024, 1)
    raise BenchError(f"process {pid} has no {field}")


def reset_peak(pid):
    """The peak begins anew: proc(5), clear_refs."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def measure(name, command, given):
    """A row of the record: one client, one burst."""
    with private_server() as port:
        client = subprocess.Popen([*command, "127.0.0.1", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        try:
            version = _line(name, client, "ready")[0]
            connected = memory_mib(client.pid, "VmRSS")
            reset_peak(client.pid)
            client.stdin.write(f"burst {given.requests} {given.value_bytes}\n")
            client.stdin.flush()
            answered, refused = map(int, _line(name, client, "done"))
            peak = memory_mib(client.pid, "VmHWM")
            time.sleep(given.settle_seconds)
            after = memory_mib(client.pid, "VmRSS")
        finally:
            client.stdin.close()
            client.terminate()
            client.wait()
    if answered != given.requests:
        raise BenchError(f"{name}: {answered} answered of {given.requests}")
    return {"client": name, "version": version, "connected_mib": connected, "peak_mib": peak, "after_mib": after,
            "answered": answered, "refused": refused}


def _line(name, client, word):
    """What the client says behind `word`."""
    said = client.stdout.readline().split()
    if not said or said[0] != word:
        raise BenchError(f"{name}: expected a line with {word}, got {said or 'its end'}")
    return said[1:]


def _machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _server_version():
    said = subprocess.run(["valkey-server", "--version"], check=True, capture_output=True, text=True).stdout
    return said.split("v=")[1].split()[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("record")
    parser.add_argument("clients", nargs="+", metavar="NAME=COMMAND")
    parser.add_argument("--commit", default="")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--value-bytes", type=int, default=VALUE_BYTES)
    parser.add_argument("--settle-seconds", type=float, default=SETTLE_SECONDS)
    given = parser.parse_args()
    if shutil.which("valkey-server") is None:
        sys.exit("there is no valkey-server")
    rows = []
    try:
        for client in given.clients:
            name, command = client.split("=", 1)
            rows.append(measure(name, shlex.split(command), given))
            print(json.dumps(rows[-1]), flush=True)
    except BenchError as problem:
        sys.exit(str(problem))
    record = {"date": datetime.date.today().isoformat(), "commit": given.commit, "machine": _machine(),
              "server": _server_version(), "requests": given.requests, "value_bytes": given.value_bytes,
              "settle_seconds": given.settle_seconds, "rows": rows}
    pathlib.Path(given.record).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

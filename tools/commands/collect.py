"""What a server says of its own commands, as the file that the build makes code from.

  collect.py [--server valkey-server] --output core/commands/data/commands.json

Starts the server on a unix socket in a directory of its own, asks COMMAND and COMMAND DOCS, and
stops it. Facts only: the server's sentences stay where they are.
"""

import argparse
import json
import pathlib
import socket
import subprocess
import tempfile
import time

import resp

_START_SECONDS = 10


class PrivateServer:
    """A server that nobody else knows of, for as long as the with statement lasts."""

    def __init__(self, program):
        self._program = program

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="plimsoll-commands-")
        path = str(pathlib.Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [self._program, "--port", "0", "--unixsocket", path, "--save", "",
             "--dir", self._folder.name],
            stdout=subprocess.DEVNULL)
        self._socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._socket.connect(path)
                return resp.Connection(self._socket)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self._program} does not start") from None
                time.sleep(0.01)

    def __exit__(self, *_):
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


def rows(commands, docs):
    """One row a command and subcommand, sorted by name, as the server reports them."""
    out = []
    for entry in commands:
        name = entry[0]
        out.append(_row(entry, docs[name]))
        out += [_row(sub, docs[name]["subcommands"][sub[0]]) for sub in entry[9]]
    return sorted(out, key=lambda row: row["name"])


def _row(entry, doc):
    name, arity, flags, _, _, _, categories, tips, key_specs, _ = entry
    row = {
        "name": name.upper(),
        "arity": arity,
        "flags": sorted(flags),
        "acl_categories": sorted(category.removeprefix("@") for category in categories),
        "tips": tips,
        "key_specs": [_key_spec(spec) for spec in key_specs],
        "since": doc["since"],
        "group": doc["group"],
        "complexity": doc.get("complexity"),
        "deprecated_since": doc.get("deprecated_since"),
        "replaced_by": doc.get("replaced_by"),
        "system_command": "syscmd" in doc.get("doc_flags", []),
        "arguments": [_argument(argument) for argument in doc.get("arguments", [])],
    }
    return _without_empty(row)


def _key_spec(spec):
    def search(part):
        return {"type": part["type"], **part["spec"]}
    return {
        "flags": sorted(spec["flags"]),
        "begin": search(spec["begin_search"]),
        "find": search(spec["find_keys"]),
    }


def _argument(argument):
    return _without_empty({
        "name": argument["name"],
        "type": argument["type"],
        "token": argument.get("token"),
        "flags": sorted(argument.get("flags", [])),
        "key_spec_index": argument.get("key_spec_index"),
        "since": argument.get("since"),
        "arguments": [_argument(inner) for inner in argument.get("arguments", [])],
    })


def _without_empty(row):
    return {key: value for key, value in row.items() if value is not None and value != []
            and value is not False}


def text_of(server, table):
    """The file: an object whose commands have a line each."""
    lines = [json.dumps(row, separators=(",", ":")) for row in table]
    head = json.dumps(server)
    return '{"server": ' + head + ',\n"commands": [\n' + ",\n".join(lines) + "\n]}\n"


def ask(connection):
    """The text of the file for the server that this connection leads to."""
    connection.call("HELLO", "3")
    table = rows(connection.call("COMMAND"), connection.call("COMMAND", "DOCS"))
    return text_of(_server_facts(connection), table)


def _server_facts(connection):
    info = dict(line.split(":", 1) for line in connection.call("INFO", "server").splitlines()
                if ":" in line)
    return {"name": info.get("server_name", "redis"),
            "version": info.get("valkey_version", info["redis_version"])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default="valkey-server")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    with PrivateServer(options.server) as connection:
        text = ask(connection)
    options.output.write_text(text, encoding="utf-8")
    collected = json.loads(text)
    server = collected["server"]
    print(f"{len(collected['commands'])} commands of {server['name']} {server['version']}")


if __name__ == "__main__":
    main()

"""The examples as C++: a table of them, and a test case for each command.

  write_examples.py --server valkey|redis7 --commands commands.toml --output FILE EXAMPLES.toml...

An example file has an array of tables a command, under the name that the server has for it:

  [[LPOP]]
  setup = ["RPUSH k a b"]      # steps before the call, see below
  call = "LPOP k 2"            # words as a shell has them
  reply = '["a", "b"]'         # as tests/commands/reply_pattern.h shows it, … for anything
  type = "optional<list<text>>"  # where commands.toml has several

In place of `reply`: `error` (the server's words), or `outcome` (the code of the error where there
is no reply). `value`: what decode() makes of a reply that is a struct, as
tests/commands/decoded_text.h shows it; in RESP2 it is the same. `unordered`: the elements come in
any order. `resp2`: the reply in RESP2, where it matters; `resp2_error`: what the server says there
instead. `redis7`, `redis7_error`: what Redis 7.0 says instead; redis7 = "absent": it does not know
the command.

`then`: steps while the call waits. `cleanup`: steps at the end. `server`: "shared", "own" or
"cluster"; with `arguments`, and empty `files` in $files, for one of its own; `second = true`: and
another one beside it. A command that is refused needs a `call` alone.

A step is a command, after any of these: "fails " (it must), "@name " (on a connection of its own,
"@second" on the second server), "@name! " (whose reply is not read), "name := " (the reply is $name
from then on), "until TEXT in " (again and again until the reply has the text).
"""

import argparse
import json
import pathlib
import re
import shlex
import sys
import tomllib

from expected_values import expected_value

_KEYS = {"setup", "call", "reply", "error", "outcome", "type", "then", "cleanup", "server",
         "arguments", "files", "second", "unordered", "resp2", "resp2_error", "redis7",
         "redis7_error", "value"}
_CONDUCT = {"plain": "shares", "blocking": "waits", "alone": "alone", "contiguous": "refused",
            "state": "refused"}


def _class_of(entry):
    """The command's class, and "alone" for one that blocks and is refused on a shared connection."""
    class_ = entry.get("class", "plain")
    return "alone" if class_ == "blocking" and "instead" in entry else class_


class ExampleError(Exception):
    """Something in the files that does not fit."""


def literal(text):
    """A string_view of any bytes."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        out.append(char if 0x20 <= byte < 0x7F and char not in '"\\?' else f"\\{byte:03o}")
    return '"' + "".join(out) + '"sv'


def types_of(entry):
    """What the table says that replies to a command are."""
    if "forms" in entry:
        return [form["reply"] for form in entry["forms"]]
    return [entry["reply"]] if "reply" in entry else []


def for_redis7(example):
    """What the example expects of Redis 7.0."""
    changed = {key: value for key, value in example.items() if not key.startswith("redis7")}
    if example.get("redis7") == "absent":
        changed.pop("reply", None)
        changed["error"] = "ERR unknown …"
    elif "redis7_error" in example:
        changed.pop("reply", None)
        changed["error"] = example["redis7_error"]
    elif "redis7" in example:
        changed.pop("error", None)
        changed["reply"] = example["redis7"]
    return changed


class Table:
    """Rows of C++, with the arrays that they refer to before them."""

    def __init__(self):
        self.arrays = []
        self.rows = []

    def words(self, words):
        return self._array("std::string_view", [literal(word) for word in words])

    def steps(self, lines):
        return self._array("Step", [self._step(line) for line in lines])

    def _array(self, type_, items):
        if not items:
            return "{}"
        name = f"array_{len(self.arrays)}"
        self.arrays.append(f"constexpr {type_} {name}[] = {{{', '.join(items)}}};")
        return name

    def _step(self, line):
        kind, connection, text = "call", "", ""
        if match := re.match(r"until (\S+) in ", line):
            kind, text, line = "until", match[1], line[match.end():]
        if match := re.match(r"(\w+) := ", line):
            text, line = match[1], line[match.end():]
        if line.startswith("fails "):
            kind, line = "failed_call", line.removeprefix("fails ")
        if match := re.match(r"@(\w+)(!?) ", line):
            connection, line = match[1], line[match.end():]
            kind = "send" if match[2] else kind
        words = self.words(shlex.split(line))
        return f"{{Step::Kind::{kind}, {literal(connection)}, {literal(text)}, {words}}}"

    def add(self, command, entry, example):
        """One example of the command that the table has this entry for."""
        unknown = set(example) - _KEYS
        if unknown:
            raise ExampleError(f"{command}: what is {', '.join(sorted(unknown))}?")
        conduct = _CONDUCT[_class_of(entry)]
        ends = [key for key in ("reply", "error", "outcome") if key in example]
        if len(ends) != (0 if conduct == "refused" else 1):
            raise ExampleError(f"{command}: one of reply, error and outcome, none for a refusal")
        type_ = self._type(command, entry, example) if "reply" in example else ""
        flag = lambda key: "true" if example.get(key) else "false"
        text = lambda key: literal(example.get(key, ""))
        self.rows.append("{" + ", ".join([
            literal(command), f"Conduct::{conduct}", literal(entry.get("instead", "")),
            f"On::{example.get('server', 'shared')}", flag("second"),
            self.words(example.get("files", [])), self.words(example.get("arguments", [])),
            self.steps(example.get("setup", [])), self.words(shlex.split(example["call"])),
            self.steps(example.get("then", [])), self.steps(example.get("cleanup", [])),
            text("reply"), text("error"), text("outcome"), text("resp2"), text("resp2_error"),
            literal(type_), literal(self._value(command, type_, example)), flag("unordered")]) + "}")

    @staticmethod
    def _value(command, type_, example):
        if type_ in ("", "void", "any"):
            return ""
        value = example.get("value", expected_value(type_, example["reply"]))
        if example.get("unordered"):
            value = "…"
        if value is None:
            raise ExampleError(f"{command}: what is the value of {example['reply']}?")
        return value

    @staticmethod
    def _type(command, entry, example):
        types = types_of(entry)
        if "type" not in example and len(types) == 1:
            return types[0]
        if example.get("type") not in types:
            raise ExampleError(f"{command}: type is one of {', '.join(types)}")
        return example["type"]


_SENTENCES = {
    "plain": "{} is answered among the requests of others",
    "blocking": "{} waits, and nobody else does",
    "alone": "{} is about its own connection, and refused on one that others share",
    "contiguous": "{} is refused: its place is in a transaction",
    "state": "{} is refused: it would change the connection for others",
}


def decoders(commands, reply_type):
    """The C++ function that knows what the table's types are in C++."""
    types = sorted({type_ for entry in commands.values() for type_ in types_of(entry)}
                   - {"void", "any"})
    lines = [f"  if (type == {literal(type_)}) return &decoded_text<{reply_type(type_)}>;"
             for type_ in types]
    return ["DecodedText decoder_of(std::string_view type) {", "  using namespace native;",
            *lines, "  return nullptr;", "}"]


def source_of(commands, examples, reply_type):
    """The whole C++ file."""
    table = Table()
    cases = []
    for command, entry in commands.items():
        first = len(table.rows)
        for example in examples[command]:
            table.add(command, entry, example)
        sentence = _SENTENCES[_class_of(entry)].format(command.replace("|", " "))
        cases.append(f"TEST_CASE({json.dumps(sentence)}) "
                     f"{{ play({first}, {len(table.rows) - first}); }}")
    names = ", ".join(literal(command) for command in commands)
    return "\n".join([
        "#include <algorithm>",
        "#include <string_view>",
        "",
        "#include <catch2/catch_test_macros.hpp>",
        "",
        '#include "plimsoll/tests/commands/decoded_text.h"',
        '#include "plimsoll/tests/commands/play_example.h"',
        "",
        "namespace plimsoll::testing {",
        "namespace {",
        "using namespace std::string_view_literals;",
        *table.arrays,
        "constexpr Example examples[] = {",
        ",\n".join(table.rows),
        "};",
        f"constexpr std::string_view commands[] = {{{names}}};",
        "void play(std::size_t first, std::size_t count) {",
        "  for (const Example& example : all_examples().subspan(first, count)) {",
        "    play_example(example);",
        "  }",
        "}",
        *cases,
        "}  // namespace",
        *decoders(commands, reply_type),
        "std::span<const Example> all_examples() { return examples; }",
        "std::span<const std::string_view> all_commands() { return commands; }",
        "}  // namespace plimsoll::testing",
        ""])


def read_examples(paths, commands):
    """The examples by command; each command has some, and each form of a reply one."""
    examples = {}
    for path in paths:
        for command, some in tomllib.loads(path.read_text()).items():
            if command not in commands:
                raise ExampleError(f"{path.name}: no such command: {command}")
            if command in examples:
                raise ExampleError(f"{path.name}: {command} stands in another file too")
            examples[command] = some
    missing = [command for command in commands if command not in examples]
    if missing:
        raise ExampleError(f"without an example: {', '.join(missing)}")
    for command, some in examples.items():
        types = types_of(commands[command])
        shown = {example.get("type") for example in some}
        if len(types) > 1 and (lost := [type_ for type_ in types if type_ not in shown]):
            raise ExampleError(f"{command}: no example of {', '.join(lost)}")
    return examples


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=["valkey", "redis7"], required=True)
    parser.add_argument("--commands", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True,
                        help="the folder of the command generator, which knows the types of C++")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("examples", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    commands = tomllib.loads(options.commands.read_text())
    sys.path.insert(0, str(options.tools))
    from cxx_surface import reply_type  # pylint: disable=import-outside-toplevel
    try:
        examples = read_examples(options.examples, commands)
        if options.server == "redis7":
            examples = {command: [for_redis7(example) for example in some]
                        for command, some in examples.items()}
        else:
            examples = {command: [{key: value for key, value in example.items()
                                   if not key.startswith("redis7")} for example in some]
                        for command, some in examples.items()}
        options.output.write_text(source_of(commands, examples, reply_type))
    except ExampleError as error:
        sys.exit(f"{options.examples[0].parent}: {error}")


if __name__ == "__main__":
    main()

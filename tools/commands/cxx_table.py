"""core/commands/command_rows.h: what the core knows of each command, packed."""

import tomllib

from command_data import Command, WRITES_WITH, method_name
from cxx_types import BANNER
from naming import snake

_HEAD = BANNER + """
#pragma once

#include <array>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/key_spec.h"

// The rows of the command table, sorted by name, and the texts that they point into.

namespace plimsoll::inline v0::commands {
"""

_TAIL = "\n}  // namespace plimsoll::inline v0::commands\n"
_CLASSES = {"plain": "plain", "contiguous": "contiguous", "blocking": "blocking",
            "state": "connection_state"}
_WRITES = {None: "nothing_else", "undeclared": "undeclared", "other-database": "other_database",
           "all": "all"}
_BEHIND_BLOCK = 127

_NUMBERS_HEAD = BANNER + """
#pragma once

#include <cstdint>

// CommandView::row of each command: its place in the command table, counted from 1.

namespace plimsoll::inline v0::commands::row_numbers {

"""


class _Texts:
    """C strings in one literal, by offset."""

    def __init__(self):
        self._places = {}
        self._size = 0

    def place(self, text):
        if text not in self._places:
            self._places[text] = self._size
            self._size += len(text) + 1
        return self._places[text]

    def literal(self, name):
        lines = "\n".join('    "' + text.replace('"', '\\"') + '\\0"' for text in self._places)
        return f"\ninline constexpr char {name}[] =\n{lines};\n"


def newer_commands(path):
    """Rows for what the server that was asked does not have yet."""
    with open(path, "rb") as file:
        rows = tomllib.load(file)
    return [Command(name, {"name": name, "arity": row["arity"]}, row, []) for name, row in
            rows.items()]


def in_order(commands):
    """The commands as the table has them."""
    return sorted(commands, key=lambda each: each.name)


def numbers_header(commands):
    lines = "".join(f"inline constexpr std::uint16_t {number_name(command)} = {number};\n"
                    for number, command in enumerate(in_order(commands), 1))
    return _NUMBERS_HEAD + lines + "\n}  // namespace plimsoll::inline v0::commands::row_numbers\n"


def number_name(command):
    """What the constant in row_numbers.h is called."""
    return snake(method_name(command.name))


def rows_header(commands):
    names, reasons, rows = _Texts(), _Texts(), []
    reasons.place("")
    specs, keywords = [], []
    for command in in_order(commands):
        rows.append(_row(command, names, reasons, specs, keywords))
    quoted = ", ".join(f'"{word}"' for word in keywords)
    spec_lines = "\n".join(f"    {spec}," for spec in specs)
    row_lines = "\n".join(f"    {row}," for row in rows)
    return (_HEAD + names.literal("row_names") + reasons.literal("row_reasons")
            + f"\ninline constexpr std::array<std::string_view, {len(keywords)}> key_keywords"
            + f"{{{quoted}}};\n"
            + f"\ninline constexpr std::array<std::string_view, {len(WRITES_WITH)}> writes_with_words"
            + "{" + ", ".join(f'"{word}"' for word in WRITES_WITH) + "};\n"
            + f"\ninline constexpr KeySpec key_specs[] = {{\n{spec_lines}\n}};\n"
            + f"\ninline constexpr Row rows[] = {{\n{row_lines}\n}};\n" + _TAIL)


def _row(command, names, reasons, specs, keywords):
    served = command.served
    packed = [_spec(spec, keywords) for spec in served.get("key_specs", [])]
    packed = [spec for spec in packed if spec]
    timeout = command.kept.get("timeout", {})
    values = [
        names.place(command.name), len(command.name),
        served["arity"], int(_has_only_key(command)),
        f"Class::{_CLASSES[command.command_class]}",
        f"Writes::{_WRITES[command.kept.get('writes')]}",
        int(command.reads), int(command.kept.get("cacheable", False)),
        int(command.is_container), int("no_mandatory_keys" in served.get("flags", [])),
        _place_of_specs(packed, specs), len(packed),
        int(timeout.get("unit") == "seconds"), f"Written::{_written(command)}",
        _writes_with(command), _timeout_at(command, timeout),
        reasons.place(command.kept.get("instead", "")), f"Spread::{command.spread}",
    ]
    return "{" + ", ".join(str(value) for value in values) + "}"


def _written(command):
    """What it may change where it does not do what `writes` says."""
    writes = command.kept.get("writes")
    if command.is_container or (writes and "writes_with" not in command.kept):
        return "anything"
    return "keys" if command.writes_keys else "nothing"


def _writes_with(command):
    """The word without which it does not do what `writes` says, from 1; 0: none is needed."""
    word = command.kept.get("writes_with")
    return 0 if word is None else WRITES_WITH.index(word) + 1


def _place_of_specs(packed, specs):
    """Where this run of specs begins in all of them; runs that are equal are there once."""
    for start in range(len(specs) - len(packed) + 1):
        if specs[start:start + len(packed)] == packed:
            return start
    specs.extend(packed)
    return len(specs) - len(packed)


def _is_known(spec):
    return ("unknown" not in (spec["begin"]["type"], spec["find"]["type"])
            and "not_key" not in spec["flags"])


def _has_only_key(command):
    known = [spec for spec in command.served.get("key_specs", []) if _is_known(spec)]
    return (len(known) == 1 and known[0]["begin"]["type"] == "index"
            and known[0]["find"]["type"] == "range" and known[0]["find"]["lastkey"] == 0)


def _spec(spec, keywords):
    begin, find, flags = spec["begin"], spec["find"], spec["flags"]
    if not _is_known(spec):
        return None
    keyword = 0
    if begin["type"] == "keyword":
        if begin["keyword"] not in keywords:
            keywords.append(begin["keyword"])
        keyword = keywords.index(begin["keyword"])
    at = begin["index"] if begin["type"] == "index" else begin["startfrom"]
    writes = int("RO" not in flags)
    if find["type"] == "range":
        rest = [find["lastkey"], 0, find["keystep"], find["limit"]]
    else:
        rest = [find["keynumidx"], find["firstkey"], find["keystep"], 0]
    kind = "range" if find["type"] == "range" else "numkeys"
    values = [f"KeySpec::Begin::{begin['type']}", f"KeySpec::Find::{kind}", writes, keyword, at,
              *rest]
    return "{" + ", ".join(str(value) for value in values) + "}"


def _timeout_at(command, timeout):
    """The word that says how long: from the front, or from the end (-1: the last)."""
    if not timeout:
        return 0
    arguments = command.served["arguments"]
    place = next(i for i, each in enumerate(arguments) if each["name"] == timeout["argument"])
    if "token" in arguments[place]:
        return _BEHIND_BLOCK
    if all(_is_one_word(each) for each in arguments[:place]):
        return len(command.words) + place
    return place - len(arguments)


def _is_one_word(argument):
    return not set(argument.get("flags", [])) & {"optional", "multiple"} \
        and argument["type"] != "block" and "token" not in argument

#!/usr/bin/python3
"""What the generator of commands says of data that do not fit together."""

import copy
import json
import pathlib
import unittest

import arguments
import collect
import command_data
import generate
import python_cases
import shapes
import variants

DATA = pathlib.Path("core/commands/data")

SERVED = {
    "name": "LPOP", "arity": -2, "flags": ["fast", "write"], "since": "1.0.0", "group": "list",
    "arguments": [{"name": "key", "type": "key", "key_spec_index": 0},
                  {"name": "count", "type": "integer", "flags": ["optional"]}],
}
KEPT = {"doc": "Takes the first element.", "reply": "optional<text>"}
BLOCKS = {"class": "blocking", "timeout": {"argument": "count", "unit": "seconds"}}


def problem(kept, served=None):
    """What join() says of one command."""
    try:
        command_data.join([served or SERVED], kept)
    except command_data.DataError as error:
        return str(error)
    return "none"


def of_row(**changes):
    """What join() says of LPOP with these keys changed; None takes one away."""
    row = {**KEPT, **changes}
    text = problem({"LPOP": {key: value for key, value in row.items() if value is not None}})
    return text.removeprefix("[LPOP] in commands.toml: ")


class JoinTests(unittest.TestCase):
    def test_rows_that_fit_are_joined(self):
        [command] = command_data.join([SERVED], {"LPOP": KEPT})
        self.assertEqual(command.name, "LPOP")
        self.assertEqual([form.name for form in command.forms], ["lpop"])

    def test_a_command_that_only_one_side_has_is_named(self):
        self.assertEqual(problem({}), "[LPOP] is missing in commands.toml: the server has it")
        self.assertEqual(problem({"LPOP": KEPT, "LPOOP": KEPT}),
                         "[LPOOP] in commands.toml: the server has no such command")

    def test_all_problems_are_told_at_once(self):
        self.assertEqual(problem({"A": KEPT}).count("\n"), 1)

    def test_rows_that_make_no_sense_are_named_with_what_is_wrong(self):
        for changes, text in (
                ({"reply": "optional<txt>"}, "unknown reply 'txt'"),
                ({"reply": None}, "reply is missing"),
                ({"reply": 5}, "reply is a int, not a str"),
                ({"cachable": True}, "unknown key 'cachable'"),
                ({"class": "weird"}, "class 'weird'; there are plain,"),
                ({"class": "state"}, "instead is missing"),
                ({"instead": "LMPOP"}, "instead belongs to"),
                ({"class": "blocking"}, "timeout belongs to"),
                ({**BLOCKS, "timeout": {"argument": "time", "unit": "seconds"}},
                 "timeout's argument 'time'"),
                ({**BLOCKS, "timeout": {"argument": "count", "unit": "hours"}},
                 "timeout's unit 'hours'"),
                ({"writes": "some"}, "writes 'some'; there are"),
                ({"cacheable": True}, "cacheable, but the server does not call it readonly"),
                ({"uncacheable": "mood"}, "uncacheable 'mood'; there are"),
                ({"doc": "no full stop"}, "doc is not a sentence"),
                ({"forms": [{"reply": "text", "require": ["counts"]}]},
                 "a form speaks of the argument 'counts'")):
            with self.subTest(changes):
                self.assertIn(text, of_row(**changes))

    def test_what_reads_says_whether_it_is_cacheable(self):
        served = {**SERVED, "flags": ["readonly"]}
        self.assertIn("says why not", problem({"LPOP": KEPT}, served))
        self.assertEqual(problem({"LPOP": {**KEPT, "uncacheable": "random"}}, served), "none")


class LookTests(unittest.TestCase):
    """arguments.toml."""

    def builders(self, **looks):
        [command] = command_data.join([SERVED], {"LPOP": copy.deepcopy(KEPT)})
        changes = arguments.Changes("LPOP", looks)
        tree = arguments.tree(command, changes)
        changes.check_used()
        return shapes.builder_of(command, command.forms[0], tree, shapes.Types({}))

    def test_an_optional_number_may_be_left_out(self):
        keys = [variant.key() for variant in variants.variants_of(self.builders())]
        self.assertEqual(keys, [("lpop", "std::string_view", None),
                                ("lpop", "std::string_view", "std::int64_t", None)])

    def test_a_row_about_no_argument_is_named(self):
        with self.assertRaisesRegex(command_data.DataError, r"\[LPOP.cuont\].*no such argument"):
            self.builders(cuont={"name": "n"})

    def test_an_unknown_key_is_named(self):
        with self.assertRaisesRegex(command_data.DataError, r"\[LPOP.count\].*unknown key nmae"):
            self.builders(count={"nmae": "n"})

    def test_two_types_of_one_name_are_refused(self):
        types = shapes.Types({})
        types.add(shapes.Type("Way", "enum", [("up", "UP")], "A"))
        with self.assertRaisesRegex(command_data.DataError, "B and A have different types"):
            types.add(shapes.Type("Way", "enum", [("down", "DOWN")], "B"))


class RepositoryTests(unittest.TestCase):
    def test_every_command_has_a_builder_whose_arguments_the_server_takes(self):
        data = generate.Data(DATA)
        built = {variant.builder.command.name for variant in data.variants}
        missing = {c.name for c in data.commands if not c.is_container} - built
        self.assertEqual(missing, set())

    def test_every_command_of_the_server_is_in_a_category(self):
        # In the bridge's header, none means that it is not known which.
        missing = [c.name for c in generate.Data(DATA).commands if not c.served["acl_categories"]]
        self.assertEqual(missing, [])

    def test_the_document_is_up_to_date(self):
        made = generate.make("commands.md", DATA)
        kept = pathlib.Path("docs/commands.md").read_text(encoding="utf-8")
        self.assertTrue(made == kept, "docs/commands.md is not what its data make: run ./dev commands")

    def test_the_data_are_what_the_installed_server_says(self):
        kept = json.loads((DATA / "commands.json").read_text(encoding="utf-8"))
        with collect.PrivateServer("valkey-server") as connection:
            said = json.loads(collect.ask(connection))
        self.assertTrue(kept["commands"] == said["commands"],
                        "core/commands/data/commands.json is old: run ./dev commands")


if __name__ == "__main__":
    python_cases.main()

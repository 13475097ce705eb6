#!/usr/bin/env python3
"""What the files of examples must say, and what becomes of it."""

import pathlib
import tempfile
import unittest

import python_cases
from expected_values import expected_value
from write_examples import ExampleError, Table, for_redis7, literal, read_examples

GET = {"reply": "optional<text>"}
LPOP = {"forms": [{"reply": "optional<text>"}, {"reply": "optional<list<text>>"}]}


def row(entry, **example):
    table = Table()
    table.add("GET", entry, {"call": "GET k", **example})
    return table


class Examples(unittest.TestCase):
    def test_any_bytes(self):
        """any bytes of a word reach the call"""
        self.assertEqual(literal('a"\\\n?é'), r'"a\042\134\012\077\303\251"sv')

    def test_steps(self):
        """a step says whose it is, what becomes of its reply, and how long it is done"""
        table = row(GET, reply="null", setup=["id := @other CLIENT ID", "fails @x! BLPOP k 0",
                                              "until a:1 in INFO clients"])
        steps = table.arrays[3]
        self.assertIn('Step::Kind::call, "other"sv, "id"sv', steps)
        self.assertIn('Step::Kind::send, "x"sv, ""sv', steps)
        self.assertIn('Step::Kind::until, ""sv, "a:1"sv', steps)

    def test_outcomes(self):
        """an example has one end, a refusal none"""
        row({"class": "state", "instead": "close()"})
        for entry, example in ((GET, {}), (GET, {"reply": "1", "error": "ERR"}),
                               ({"class": "state"}, {"reply": "OK"})):
            with self.assertRaises(ExampleError):
                row(entry, **example)

    def test_unknown_words(self):
        """a word that means nothing is an error"""
        with self.assertRaisesRegex(ExampleError, "setpu"):
            row(GET, reply="null", setpu=[])

    def test_types(self):
        """where a command has several types of replies, the example says which"""
        row(LPOP, reply="null", type="optional<list<text>>")
        for example in ({"reply": "null"}, {"reply": "null", "type": "integer"}):
            with self.assertRaisesRegex(ExampleError, "type is one of"):
                row(LPOP, **example)

    def test_values(self):
        """what decode() makes of simple replies follows from them; of structs it must be said"""
        self.assertEqual(expected_value("list<optional<text>>", '["a, b", null]'), '["a, b", none]')
        self.assertEqual(expected_value("map<text,integer>", '["a", 1]'), '{"a": 1}')
        self.assertEqual(expected_value("double", '"10.6"'), "10.6")
        self.assertEqual(expected_value("text", "OK"), '"OK"')
        self.assertEqual(expected_value("bool", "1"), "true")
        self.assertIsNone(expected_value("list<scored>", '[["a", 1]]'))
        with self.assertRaisesRegex(ExampleError, "value"):
            row({"reply": "list<scored>"}, reply='[["a", 1]]')

    def test_redis7(self):
        """what another server says takes the place of what Valkey says"""
        self.assertEqual(for_redis7({"reply": "1", "redis7": "2"}), {"reply": "2"})
        self.assertEqual(for_redis7({"reply": "1", "redis7_error": "ERR"}), {"error": "ERR"})
        self.assertEqual(for_redis7({"reply": "1", "redis7": "absent"}), {"error": "ERR unknown …"})

    def test_completeness(self):
        """each command has an example, and each form of its reply one"""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.toml")
            path.write_text('[[LPOP]]\ntype = "optional<text>"\n')
            with self.assertRaisesRegex(ExampleError, "without an example: GET"):
                read_examples([path], {"LPOP": GET, "GET": GET})
            with self.assertRaisesRegex(ExampleError, "no example of optional<list<text>>"):
                read_examples([path], {"LPOP": LPOP})
            with self.assertRaisesRegex(ExampleError, "no such command: LPOP"):
                read_examples([path], {"GET": GET})


if __name__ == "__main__":
    python_cases.main()

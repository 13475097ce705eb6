#!/usr/bin/python3
"""What the generator of commands makes for TypeScript."""

import pathlib
import tomllib
import unittest

import command_data
import generate
import python_cases
import ts_model
import ts_replies
import ts_table

DATA = pathlib.Path("core/commands/data")


class MethodTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = generate.Data(DATA)
        cls.types = {made.name: made for made in cls.data.types}
        cls.changes = tomllib.loads((DATA / "typescript.toml").read_text(encoding="utf-8"))
        cls.methods = {method.name: method for method in cls.data.methods()}

    def arguments(self, name, form=-1):
        """Names of the positional arguments, and of those in the options."""
        form = self.methods[name].forms[form]
        return ([ts_model.camel_case(node.cxx) for node in form.positional],
                [ts_model.camel_case(node.cxx) for node in form.options])

    def with_changes(self, **changes):
        return ts_model.methods_of(self.data.builders, self.types, {**self.changes, **changes})

    def test_every_function_of_cxx_has_a_method(self):
        names = {ts_model.method_name(variant.name) for variant in self.data.variants
                 if ts_model.is_offered(variant.builder.command)}
        self.assertEqual(names, set(self.methods))

    def test_what_is_optional_is_in_the_options_but_for_lists_and_texts(self):
        self.assertEqual(self.arguments("expire")[0], ["key", "seconds"])
        self.assertEqual(self.arguments("eval"), (["script", "keys", "args"], []))
        self.assertEqual(self.arguments("ping"), (["message"], []))
        self.assertEqual(self.arguments("copy"),
                         (["source", "destination"], ["destinationDb", "replace"]))

    def test_choices_in_options_are_spread(self):
        self.assertEqual(self.arguments("set")[1],
                         ["ifAbsent", "ifPresent", "ttl", "ttlMs", "at", "atMs", "keepTtl"])

    def test_an_option_picks_a_form_of_the_same_name(self):
        [plain, counted] = self.methods["lpop"].forms
        self.assertEqual([node.cxx for node in counted.picked_by], ["count"])
        self.assertEqual((plain.options, plain.picked_by), ([], []))

    def test_a_form_that_can_do_all_of_the_one_before_it_takes_its_place(self):
        self.assertEqual([form.reply for form in self.methods["set"].forms], ["stored"])

    def test_words_follow_from_names(self):
        self.assertEqual(ts_table.words_of("configGet"), "CONFIG GET")
        self.assertEqual(ts_table.words_of("hgetall"), "HGETALL")

    def test_replies_are_composed(self):
        self.assertEqual(ts_replies.shape_of("list<optional<double>>"), "*?real")
        self.assertEqual(ts_replies.shape_of("list<optional<text>>"), "")
        self.assertEqual(ts_replies.type_of("list<optional<text>>"), "(Text<A> | null)[]")
        self.assertEqual(ts_replies.type_of("optional<list<text>>"), "Text<A>[] | null")

    def test_what_speaks_of_nothing_is_named(self):
        for changes, text in (({"sets": ["smember"]}, "sets in typescript.toml.* no smember"),
                              ({"spread": ["Wen"]}, "spread in typescript.toml.* no Wen"),
                              ({"names": {**self.changes["names"], "fcall f": "g"}},
                               "there is no fcall f")):
            with self.subTest(changes), self.assertRaisesRegex(command_data.DataError, text):
                self.with_changes(**changes)

    def test_an_option_that_every_call_has_is_refused(self):
        names = {name: to for name, to in self.changes["names"].items() if "setslot" not in name}
        with self.assertRaisesRegex(command_data.DataError, "the option timeout has a name that"):
            self.with_changes(names=names)


if __name__ == "__main__":
    python_cases.main()

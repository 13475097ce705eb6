#!/usr/bin/python3
"""How mutants get into a copy of a file."""

import unittest

import mutate
import python_cases


def mutant(original, mutated, name="broken"):
    return {"name": name, "file": "a.cc", "original": original, "mutated": mutated}


class Mutate(unittest.TestCase):
    def changed(self, text, *mutants):
        declared = mutate.mutate(text, list(enumerate(mutants, 1)))
        self.assertTrue(declared.startswith(mutate.DECLARATION))
        return declared[len(mutate.DECLARATION):].replace(mutate.CHOICE, "chosen")

    def test_an_expression_is_chosen(self):
        self.assertEqual(self.changed("if (a < b) return;", mutant("a < b", "a <= b")),
                         "if ((chosen == 1 ? (a <= b) : (a < b))) return;")

    def test_a_statement_is_chosen(self):
        self.assertEqual(self.changed("a = 1; b = 2;", mutant("b = 2;", "b = 3;")),
                         "a = 1; { if (chosen == 1) { b = 3; } else { b = 2; } }")

    def test_a_statement_may_be_left_out(self):
        self.assertEqual(self.changed("a(); b();", mutant("b();", "")),
                         "a(); { if (chosen == 1) {  } else { b(); } }")

    def test_only_what_is_marked_is_replaced(self):
        self.assertEqual(self.changed("f(x); g(x);", mutant("g(«x»)", "y")),
                         "f(x); g((chosen == 1 ? (y) : (x)));")

    def test_two_mutants_may_replace_the_same(self):
        self.assertEqual(
            self.changed("g(x);", mutant("g(«x»)", "y", "one"), mutant("g(«x»)", "z", "two")),
            "g((chosen == 1 ? (y) : chosen == 2 ? (z) : (x)));")

    def test_an_original_that_occurs_twice_is_refused(self):
        with self.assertRaisesRegex(mutate.Misfit, "mutant broken occurs 2 times in a.cc"):
            self.changed("x; x;", mutant("x;", "y;"))

    def test_an_original_that_is_not_there_is_refused(self):
        with self.assertRaisesRegex(mutate.Misfit, "mutant broken occurs 0 times in a.cc"):
            self.changed("x;", mutant("z;", "y;"))

    def test_an_expression_cannot_be_left_out(self):
        with self.assertRaisesRegex(mutate.Misfit, "cannot be left out"):
            self.changed("g(x);", mutant("x", ""))

    def test_mutants_that_overlap_are_refused(self):
        with self.assertRaisesRegex(mutate.Misfit, "overlap"):
            self.changed("a + b + c", mutant("a + b", "a"), mutant("b + c", "c"))


if __name__ == "__main__":
    python_cases.main()

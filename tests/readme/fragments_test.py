#!/usr/bin/python3
"""What becomes of C++ in documents that is no program; that of docs/ has been compiled for this test (:fragments)."""

import unittest

import code_blocks
import fragments
import python_cases

NOT_COMPILED = "<!-- not compiled: a library that is not here -->"


def block(code, language="cpp", above="Words."):
    return f"{above}\n```{language}\n{code}\n```\n"


class Fragments(unittest.TestCase):
    def functions(self, text):
        return fragments.fragments("docs/a.md", text)[1]

    def assert_bad(self, text, place):
        with self.assertRaisesRegex(code_blocks.BadDocument, f"^{place}: .*C\\+\\+"):
            self.functions(text)

    def test_block(self):
        """a block is the body of a coroutine, and keeps its place for the compiler"""
        [function] = self.functions(block("f();"))
        self.assertEqual(function, "asio::awaitable<void> a_3() {\n"
                                   '#line 3 "docs/a.md"\nf();\n  co_return;\n}\n')

    def test_include(self):
        """what it includes goes to the top, once"""
        text = block('#include "x.h"\nf();') + block('#include "x.h"')
        source = fragments.unit([("docs/a.md", text)])
        self.assertEqual(source.count('#include "x.h"'), 1)
        self.assertLess(source.index('#include "x.h"'), source.index("namespace"))
        self.assertIn('#line 3 "docs/a.md"\n\nf();', source)

    def test_expression(self):
        """figures that the text names are looked up, those of nobody in a client"""
        found = self.functions("Look at `statistics().client`, `sub.statistics().paused` and `no()`.")
        self.assertEqual([each.split("\n")[2] for each in found],
                         ["  (void)(client.statistics().client);", "  (void)(sub.statistics().paused);"])

    def test_hidden(self):
        """C++ that is called something else, or nothing, is refused"""
        self.assert_bad(block("options.a = 1;", "text"), "docs/a.md:3")
        self.assert_bad(block("native::f()", ""), "docs/a.md:3")
        self.assert_bad("Words:\n\n    co_await f()\n", "docs/a.md:3")

    def test_not_compiled(self):
        """what says why it is not compiled is passed over"""
        self.assertEqual(self.functions(block("x;", above=NOT_COMPILED)), [])
        self.assertEqual(self.functions(block("x;", "text", NOT_COMPILED)), [])

    def test_programs(self):
        """programs of a page about another client are passed over there, and nowhere else"""
        text = block("// before: hello\nint main() {}")
        self.assertEqual(fragments.fragments("docs/coming_from_peer.md", text)[1], [])
        self.assertEqual(len(self.functions(text)), 1)

    def test_other_words(self):
        """what is not C++ may be in a block of another kind"""
        self.assertEqual(self.functions(block("key = 1", "toml") + block("pool  share", "text")), [])


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""Pages about another client in small, and what becomes of their programs."""

import unittest

import before_after
import code_blocks
import python_cases

BEFORE = "// before: hello\n#include <theirs.h>\nint main() {\n  f();\n}"
AFTER = "// after: hello\n#include <ours.h>\nint main() try {\n  g();\n} catch (int) {\n  return 1;\n}"


def block(code, language="cpp", above=""):
    return f"Words.\n{above}\n```{language}\n{code}\n```\n"


def prints(text):
    return block(text, "text")


class Pages(unittest.TestCase):
    def programs(self, *blocks):
        return before_after.programs("peer", "docs/a.md", "".join(blocks))

    def assert_bad(self, message, *blocks):
        with self.assertRaisesRegex(code_blocks.BadDocument, message):
            self.programs(*blocks)

    def test_whole(self):
        """a program has what stands there before, after, and what both print"""
        [found] = self.programs(block("f();"), prints("nobody's"), block(BEFORE), block(AFTER), prints("hello\nyou"))
        self.assertEqual((found.client, found.name, found.prints), ("peer", "hello", "hello\nyou\n"))
        self.assertEqual(found.before, (14, BEFORE))
        self.assertEqual(found.after, (23, AFTER))

    def test_not_whole(self):
        """a program without its other side, or what it prints, is an error that names the line"""
        self.assert_bad("^docs/a.md:4: expected a program", block("f();"))
        self.assert_bad("^docs/a.md:4: expected a program", block(BEFORE))
        self.assert_bad("^docs/a.md:13: expected `// after: hello`", block(BEFORE), prints("x"))
        self.assert_bad("^docs/a.md:13: expected the rest of hello", block(BEFORE), block(BEFORE))
        self.assert_bad("^docs/a.md:4: expected `// before: hello`", block(AFTER))
        self.assert_bad("expected a program before, after", block(BEFORE), block(AFTER))
        self.assert_bad("expected one program hello", *[block(BEFORE), block(AFTER), prints("x")] * 2)

    def test_not_named(self):
        """a program that does not say what it is is an error, as is half a program"""
        self.assert_bad("^docs/a.md:4: expected `// before: NAME`", block("int main() {}"))
        self.assert_bad("^docs/a.md:4: expected a main", block("// before: hello\nf();"))
        above = "<!-- not compiled: an idea -->"
        self.assert_bad("expected a program before", block("int main() {}", above=above))


class Units(unittest.TestCase):
    def test_unit(self):
        """programs are namespaces that keep their place, and end with success if they do not say otherwise"""
        [found] = before_after.programs("peer", "docs/a.md", block(BEFORE) + block(AFTER) + prints("x"))
        source = before_after.unit([("peer.hello", found, "docs/a.md", found.after),
                                    ("peer.hello", found, "docs/a.md", found.after)])
        self.assertEqual(source.count("#include <ours.h>"), 1)
        self.assertIn('namespace peer_hello {\n#line 13 "docs/a.md"\n// after: hello\n\nint run_program() try {\n  g();\n'
                      'return 0; } catch (int) {\n  return 1;\nreturn 0; }\n', source)
        self.assertIn('"peer.hello") == 0) return peer_hello::run_program(argc - 1, argv + 1);', source)

    def test_cases(self):
        """what both print is there as it is"""
        [found] = before_after.programs("peer", "docs/a.md", block(BEFORE) + block(AFTER) + prints('"x"\\\ny'))
        self.assertIn('{"peer", "hello", "docs/a.md:4", R"_("x"\\\ny\n)_"},',
                      before_after.cases([(found, "docs/a.md")]))


if __name__ == "__main__":
    python_cases.main()

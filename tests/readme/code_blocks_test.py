#!/usr/bin/python3
"""Documents in small, and what becomes of their code."""

import textwrap
import unittest

import code_blocks
import python_cases

MAIN = "// example: hello\nint main() {}"
RUN = "asio::awaitable<void> run() {}"


def document(*code, above=""):
    return "".join(f"Words.\n{above}\n```cpp\n{each}\n```\n" for each in code)


class Programs(unittest.TestCase):
    def programs(self, text):
        return code_blocks.programs("A.md", text)

    def assert_bad(self, text, message):
        with self.assertRaisesRegex(code_blocks.BadDocument, message):
            self.programs(text)

    def test_complete(self):
        """a complete program is taken as it is, and keeps its place for the compiler"""
        self.assertEqual(self.programs(document(MAIN)), {"hello": f'#line 4 "A.md"\n{MAIN}\n'})

    def test_run(self):
        """a coroutine run() gets a main() and is named by its place, unless it has a name"""
        found = self.programs(document(RUN, "// example: named\n" + RUN, RUN))
        self.assertEqual(list(found), ["run_1", "named", "run_2"])
        for source in found.values():
            self.assertIn("co_spawn(context, run(),", source)

    def test_address(self):
        """the address in a coroutine becomes the server's, and only that"""
        code = RUN.replace("{}", '{ co_await connect("valkey://127.0.0.1:6379", "valkey://a"); }')
        source = self.programs(document(code))["run_1"]
        self.assertIn('connect(server_url, "valkey://a")', source)

    def test_neither(self):
        """code that is no example is an error that names the line, unless the line above says why"""
        self.assert_bad(document(MAIN, "client.get();"), "^A.md:10: this C\\+\\+ is not compiled")
        above = "<!-- not compiled: an idea of how it might look -->"
        self.assertEqual(self.programs(document("client.get();", above=above)), {})

    def test_main_without_name(self):
        """a complete program has to have a name"""
        self.assert_bad(document("int main() {}"), "^A.md:4: .*expected `// example: NAME`")

    def test_same_name(self):
        """a name stands for one example"""
        self.assert_bad(document(MAIN, MAIN), "^A.md:10: a second example hello")

    def test_other_languages(self):
        """blocks of other languages are passed over, whatever is in them"""
        text = textwrap.dedent("""\
            ```sh
            ./dev test
            ```
            ```
            ```
            int main() {}
            """)
        self.assertEqual(self.programs(text + document(MAIN)).keys(), {"hello"})

    def test_names(self):
        """the build and the document name the same examples"""
        code_blocks.check_names("A.md", {"a": "", "b": ""}, {"a", "b"})
        for found, wanted, message in (
            ({"a": "", "b": ""}, {"a"}, "A.md has the example b: add it"),
            ({"a": ""}, {"a", "b"}, "A.md has no example b: drop it"),
        ):
            with self.assertRaisesRegex(code_blocks.BadDocument, message):
                code_blocks.check_names("A.md", found, wanted)


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""Holds the repository to its rules, and each rule to samples of what it must and must not catch."""

import json
import unittest

import allocation_rules
import cxx_text
import document_links
import room_rules
import layout_rules
import promises
import python_cases
import room_graph
import source_tree
import word_rules

RULES = {
    allocation_rules.no_allocation_in_core: {
        "caught": [
            ("core/resp/a.h", "std::string s;"),
            ("core/resp/a.h", "using std::vector;"),
            ("core/client/a.cc", "std::unordered_map<int, int> m;"),
            ("core/client/a.cc", "auto p = std::make_unique<int>();"),
            ("core/client/a.cc", "std::function<void()> f;"),
            ("core/client/a.cc", "std::pmr::vector<int> v;"),
            ("core/client/a.cc", "using namespace std;"),
            ("core/client/a.cc", "int* p = new int;"),
            ("core/client/a.cc", "int* p = new (std::nothrow) int;"),
            ("core/client/a.cc", "void f(int* p) { delete p; }"),
            ("core/client/a.cc", "void* p = ::operator new(8);"),
            ("core/client/a.cc", "void* p = std::malloc(8);"),
            ("core/client/a.cc", "void* p = malloc (8);"),
            ("core/client/a.cc", "std::stable_sort(a, b);"),
        ],
        "allowed": [
            ("core/resp/a.h", "std::string_view s;"),
            ("core/resp/a.h", "#include <new>\n#include <functional>"),
            ("core/resp/a.h", "bool b = std::any_of(x, y, z) && std::set_union(x, y);"),
            ("core/resp/a.h", "auto* p = new (place) int; ::new (q) int;"),
            ("core/resp/a.h", "A(const A&) = delete;"),
            ("core/resp/a.h", "void* operator new(std::size_t) = delete;"),
            ("core/resp/a.h", "void operator delete(void*) = delete;"),
            ("core/resp/a.h", "// a new std::vector, malloc(3)\n/* std::map */"),
            ("core/resp/a.h", 'auto t = "std::string"; auto u = R"(new std::list)";'),
            ("core/resp/a.h", "auto b = pool.malloc(8); int new_bytes = renew;"),
            ("core/memory/a.cc", "void* p = std::malloc(8);"),
            ("native/a.cc", "std::string s; auto* p = new int;"),
        ],
    },
    room_rules.direction: {
        "caught": [
            ("core/base/a.h", '#include "plimsoll/core/memory/b.h"'),
            ("core/resp/a.cc", '#include "plimsoll/core/client/b.h"'),
            ("core/session/a.cc", '#include "plimsoll/core/cache/b.h"'),
            ("core/cluster/a.cc", '  #  include  "plimsoll/core/session/b.h"'),
            ("core/client/a.cc", '#include "plimsoll/native/base/b.h"'),
            ("core/client/a.cc", '#include "plimsoll/options.h"'),
            ("native/a.cc", '#include "plimsoll/wasm/b.h"'),
            ("native/a.cc", '#include "plimsoll/tests/support/b.h"'),
            ("native/a.cc", '#include "native/b.h"'),
            ("core/base/a.h", '#include "b.h"'),
            ("core/helpers/a.h", ""),
        ],
        "allowed": [
            ("core/memory/a.h", '#include "plimsoll/core/base/b.h"'),
            ("core/memory/a.h", '#include "plimsoll/core/memory/b.h"'),
            ("core/client/a.h", '#include "plimsoll/core/cache/b.h"'),
            ("native/bridge/a.h", '#include "plimsoll/native/base/b.h"'),
            ("native/bridge/a.h", '#include "plimsoll/options.h"'),
            ("wasm/a.cc", '#include "plimsoll/core/client/b.h"'),
            ("core/base/a.h", '// #include "plimsoll/core/memory/b.h"'),
            ("tests/core/a.cc", '#include "plimsoll/core/client/b.h"\n#include "b.h"'),
        ],
    },
    room_rules.portable_core: {
        "caught": [
            ("core/base/a.h", "#include <unistd.h>"),
            ("core/base/a.h", "#include <boost/asio.hpp>"),
            ("core/base/a.h", "#include <thread>"),
            ("core/base/a.h", "#include <fstream>"),
            ("core/base/a.h", "#include <string.h>"),
        ],
        "allowed": [
            ("core/base/a.h", '#include <cstring>\n#include <span>\n#include "plimsoll/x.h"'),
            ("core/cache/a.h", "#include <xxhash.h>"),
            ("native/a.h", "#include <unistd.h>"),
        ],
    },
    room_rules.no_clock_in_core: {
        "caught": [("core/base/a.h", "auto t = std::chrono::steady_clock::now();")],
        "allowed": [
            ("core/base/a.h", "// not std::chrono::steady_clock\nstd::chrono::milliseconds t;"),
            ("native/a.h", "auto t = std::chrono::steady_clock::now();"),
        ],
    },
    room_rules.boost_stays_out: {
        "caught": [
            ("wasm/a.cc", "#include <boost/asio.hpp>"),
            ("core/base/a.h", "boost::optional<int> a;"),
            ("fuzz/a.cc", "namespace asio = boost::asio;"),
        ],
        "allowed": [
            ("native/a.cc", "#include <boost/asio.hpp>\nboost::asio::io_context c;"),
            ("wasm/a.cc", "// unlike boost::asio"),
        ],
    },
    room_rules.emscripten_stays_out: {
        "caught": [("core/base/a.h", "#include <emscripten.h>")],
        "allowed": [("wasm/a.cc", "#include <emscripten/heap.h>")],
    },
    word_rules.one_meaning: {
        "caught": [
            ("core/client/a.h", "Flights flights_;"),
            ("native/a.cc", "Lease lease;"),
            ("core/session/a.cc", "submit_own(ping);"),
            ("native/a.cc", "auto figures = read();"),
            ("wasm/a.cc", "tell_copy(reply);"),
            ("core/client/a.cc", "if (is_in_line(id)) return;"),
            ("core/client/a.cc", "note_beside(command);"),
        ],
        "allowed": [
            ("core/client/a.h", "std::size_t in_flight(); FlightRecorder recorder_;"),
            ("core/cache/a.h", "Duration coherence_lease; // the lease of a proof"),
            ("core/memory/a.h", "Account* owner; int inline_nodes; bool unknown; Line line_;"),
            ("bench/a.h", "struct Figures;"),
            ("native/a.cc", '// what flights are told\nauto t = "figures";'),
        ],
    },
    word_rules.plain_english: {
        "caught": [
            ("core/a.cc", "int a;  // for want of a place"),
            ("native/a.h", "/// Whoever waits is told of it."),
        ],
        "allowed": [
            ("core/a.cc", "// Waits for a place.\nint whoever;"),
            ("tests/a.cc", "// whoever reads this"),
        ],
    },
    layout_rules.few_lines: {
        "caught": [
            ("core/a.cc", "\n" * 501),
            ("tools/a.py", "\n" * 501),
            ("core/a.cc", "// More than 500 lines, since it is one class.\n" + "\n" * 800),
        ],
        "allowed": [
            ("core/a.cc", "\n" * 500),
            ("core/a.cc", "// More than 500 lines, since it is one class.\n" + "\n" * 799),
            ("core/a.cc", "// Generated by a.py.\n" + "\n" * 900),
            ("tests/a.md", "\n" * 900),
        ],
    },
    layout_rules.short_lines: {
        "caught": [("core/a.cc", "x" * 101), ("core/a.cc", "\n//" + " x" * 50)],
        "allowed": [("core/a.cc", "x" * 100), ("core/a.cc", "ä" * 100), ("a.md", "x" * 200)],
    },
    layout_rules.plain_blanks: {
        "caught": [("core/a.cc", "a;\n\tb;"), ("core/a.cc", "a; \n"), ("tools/a.bzl", "a\r\n")],
        "allowed": [("core/a.cc", "a;\n  b;\n"), ("a.md", "a line break  \n")],
    },
    layout_rules.numbered_namespace: {
        "caught": [
            ("core/a.h", "namespace plimsoll {\n}"),
            ("native/api/a.cc", "namespace plimsoll::native {\n}"),
        ],
        "allowed": [
            ("core/a.h", "namespace plimsoll::inline v0 {\n}"),
            ("native/a.h", "namespace plimsoll::inline v1::native {\n}"),
            ("native/a.cc", "namespace other = plimsoll::native;\nusing namespace plimsoll;"),
            ("native/bridge/a.cc", "namespace plimsoll::bridge {\n}"),
            ("wasm/a.cc", "namespace plimsoll::wasm {\n}"),
            ("tests/a.cc", "namespace plimsoll::testing {\n}"),
        ],
    },
    layout_rules.no_expected_failure: {
        "caught": [
            ("tests/a.cc", 'TEST_CASE("a", "[!' + 'shouldfail]") {'),
            ("tests/a.cc", 'TEST_CASE("a", "[b][!' + 'mayfail]") {'),
            ("tests/a.py", "    @unittest." + "expectedFailure\n"),
        ],
        "allowed": [("tests/a.cc", 'TEST_CASE("a", "[mayfail]") {'), ("a.md", "[!" + "mayfail]")],
    },
    layout_rules.no_machine_paths: {
        "caught": [
            ("a.md", "see /" + "work/main"),
            ("core/a.cc", '"/' + 'root/.cache"'),
            ("a.md", "cd /" + "home/jane/plimsoll"),
        ],
        "allowed": [
            ("a.md", "/usr/include and $HOME/" + "work/a and ~/" + "work/a and //" + "root/a:b"),
            ("a.md", "https://example.org/" + "work/b and a framework/x"),
        ],
    },
}


class CxxText(unittest.TestCase):
    def test_literals(self):
        """digit separators, quotes in quotes and raw strings do not derail the reader"""
        for text, word in (
            ("int a = 1'000'000; std::list b; // 'it'", "std::list"),
            ("""char a = '"'; std::list b; char c = '\\'';""", "std::list"),
            ('auto a = "\\"//"; std::list b;', "std::list"),
            ('auto a = R"x(")" std::map )x"; std::list b;', "std::list"),
        ):
            with self.subTest(text):
                self.assertEqual(cxx_text.code(text).count("std::"), 1)
                self.assertIn(word, cxx_text.code(text))

    def test_lines(self):
        """what follows a comment keeps its line"""
        text = '/* one\n two */\n#include "a.h"\n// #include <b>\n#include <c>\n'
        self.assertEqual(cxx_text.includes(text), [('"a.h"', 3), ("<c>", 5)])


class Samples(unittest.TestCase):
    """A case a rule: it catches what it should, and nothing else."""


class Tree(unittest.TestCase):
    """A case a rule: the repository keeps it."""

    @classmethod
    def setUpClass(cls):
        cls.files = list(source_tree.text_files(source_tree.root()))
        assert len(cls.files) > 30, "this is not the working tree"


class Tags(unittest.TestCase):
    def test_tags(self):
        """a tag of a target is in CONTRIBUTING.md's table of which test runs where"""
        files = dict(source_tree.text_files(source_tree.root()))
        contributing = files["CONTRIBUTING.md"]
        found = [
            f"{path}:{line}: {message}"
            for path, text in files.items()
            for line, message in layout_rules.explained_tags(path, text, contributing)
        ]
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_unknown(self):
        """a tag that is not there is caught, where others are allowed"""
        for build, count in (('tags = ["threads"]', 0), ('tags = [\n    "slwo",\n]', 1)):
            with self.subTest(build):
                found = list(layout_rules.explained_tags("a/BUILD.bazel", build, "`threads`"))
                self.assertEqual(len(found), count)


class Rooms(unittest.TestCase):
    def test_tree(self):
        """no unit and no room of core/, native/ and wasm/ is in a circle of includes"""
        files = list(source_tree.text_files(source_tree.root()))
        self.assertEqual(room_graph.unit_circles(files), [])
        self.assertEqual(room_graph.room_circles(files), [])
        self.assertEqual(room_graph.module_circles(files), [])

    def test_caught(self):
        """a circle is found, by way of users' headers too, and a line is none"""
        line = [("core/a/x.h", ""), ("core/a/y.h", '#include "plimsoll/core/a/x.h"'),
                ("core/b/z.cc", '#include "plimsoll/core/a/y.h"')]
        back = [("core/a/x.cc", '#include "plimsoll/core/a/y.h"')]
        users = [("native/api/u.h", '#include "plimsoll/native/d/v.h"'), ("native/d/v.h", ""),
                 ("native/d/v.cc", '#include "plimsoll/u.h"')]
        for files, units, rooms in (
            (line, [], []),
            (line + back, [["core/a/x", "core/a/y"]], []),
            (users, [["native/api/u", "native/d/v"]], [["native/api", "native/d"]]),
        ):
            with self.subTest([path for path, _ in files]):
                self.assertEqual(room_graph.unit_circles(files), units)
                self.assertEqual(room_graph.room_circles(files), rooms)

    def test_modules_caught(self):
        """a circle of modules is found, also one of types, over lines and by way of a folder"""
        files = [("js/src/a.ts", 'import {\n  b,\n} from "./b/b.js";\nimport "node:net";\n'),
                 ("js/src/b/b.ts", 'import type { C } from "../c.js";\n'), ("js/src/c.ts", "")]
        self.assertEqual(room_graph.module_circles(files), [])
        files[2] = ("js/src/c.ts", 'export { a } from "./a.js";\n')
        self.assertEqual(room_graph.module_circles(files),
                         [["js/src/a.ts", "js/src/b/b.ts", "js/src/c.ts"]])


class Promises(unittest.TestCase):
    SMALL = ("# A\n\n## What is promised\n\n1. **One.** It holds.\n2. **Two.**\n\n"
             "## Which test holds which promise\n\n| 1 | one holds | [a](../a.cc) |\n")

    def test_caching(self):
        """each promise of docs/caching.md has a test, which is where the page says"""
        files = dict(source_tree.text_files(source_tree.root()))
        found = list(promises.problems(files[promises.DOCUMENT], files))
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_missing(self):
        """a promise without a test is caught, and a test that is not there"""
        row = "| 2 | two holds | [b](../b.cc) |\n"
        both = {"a.cc": 'CASE("one "\n     "holds")', "b.cc": 'CASE("two holds")'}
        for document, files, count in ((self.SMALL + row, both, 0), (self.SMALL, both, 1),
                                       (self.SMALL + row, {"a.cc": both["a.cc"]}, 1),
                                       ("# A\n", both, 1)):
            with self.subTest(document, files=list(files)):
                self.assertEqual(len(list(promises.problems(document, files))), count)


class Glossary(unittest.TestCase):
    ROW = "| {} | x | y | `{}` |\n"

    def test_tree(self):
        """the glossary has 40 words at most, none twice, and names files that are there"""
        files = dict(source_tree.text_files(source_tree.root()))
        found = list(word_rules.glossary_problems(files[word_rules.GLOSSARY], files))
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_caught(self):
        """a word that stands there twice is caught, as is a file that is not there"""
        head = "| word | field | meaning | where |\n|---|---|---|---|\n"
        for rows, count in ((self.ROW.format("a", "core/a.h"), 0),
                            (self.ROW.format("a", "core"), 0),
                            (self.ROW.format("a", "core/b.h"), 1),
                            (self.ROW.format("a", "core/a.h") * 2, 1),
                            ("| a | x | y |\n", 1)):
            with self.subTest(rows):
                found = word_rules.glossary_problems(head + rows, ["core/a.h"])
                self.assertEqual(len(list(found)), count)


class Documents(unittest.TestCase):
    def test_links(self):
        """each link of a document leads to a file, and to a heading where it names one"""
        root = source_tree.root()
        documents = {path: text for path, text in source_tree.text_files(root)
                     if path.endswith(".md") and not (root / path).is_symlink()}
        found = list(document_links.dead_links(documents, lambda path: (root / path).exists()))
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_index(self):
        """the site's index has each page of docs/, once, and none that is not there"""
        files = dict(source_tree.text_files(source_tree.root()))
        found = list(document_links.index_problems(files[document_links.INDEX], files))
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_links_caught(self):
        """a link to no file or no heading is caught, and what is in code is no link"""
        other = "# B\n\n## Two `words`, a dash-1\n\n## Again\n\n## Again\n\n```\n# no heading\n```\n"
        for text, count in (("[b](docs/b.md#two-words-a-dash-1) [a](#a) [x](https://a.b/c#d)", 0),
                            ("[b](docs/b.md#again-1) [docs](docs) ![i](docs/b.md)", 0),
                            ("[b](docs/b.md#again-2)", 1), ("[b](docs/b.md#no-heading)", 1),
                            ("[c](c.md)", 1), ("[up](../b.md)", 1), ("[a](#b)", 1), ('<img src="c.svg">', 1),
                            ("`[c](c.md)`\n\n    [c](c.md)\n\n```\n[c](c.md)\n```\n", 0)):
            with self.subTest(text):
                documents = {"a.md": "# A\n\n" + text, "docs/b.md": other}
                found = document_links.dead_links(documents, lambda path: path in ("a.md", "docs", "docs/b.md"))
                self.assertEqual(len(list(found)), count)

    def test_index_caught(self):
        """a page that is missing in the index, is there twice, or is no file is caught"""
        for pages, count in ((["docs/a.md", "R.md"], 0), (["R.md"], 1), (["docs/a.md", "docs/a.md"], 1),
                             (["docs/a.md", "docs/b.md"], 1)):
            with self.subTest(pages):
                text = json.dumps([{"section": "S", "pages": pages}])
                found = document_links.index_problems(text, ["docs/a.md", "docs/images/c.md", "R.md"])
                self.assertEqual(len(list(found)), count)


def violations(rule, path, text):
    # Rules about code are for C++; those about text look at the name themselves.
    if rule.__module__ != "layout_rules" and not path.endswith((".cc", ".h")):
        return []
    return [f"{path}:{line}: {message}" for line, message in rule(path, text)]


def sample_case(rule, samples):
    def test(self):
        for path, text in samples["caught"]:
            self.assertTrue(violations(rule, path, text), f"not caught: {path}: {text}")
        for path, text in samples["allowed"]:
            self.assertEqual(violations(rule, path, text), [], f"{path}: {text}")
    test.__doc__ = "samples: " + rule.__doc__
    return test


def tree_case(rule):
    def test(self):
        found = [v for path, text in self.files for v in violations(rule, path, text)]
        self.assertFalse(found, "\n" + "\n".join(found))
    test.__doc__ = rule.__doc__
    return test


for each, its_samples in RULES.items():
    setattr(Samples, f"test_{each.__name__}", sample_case(each, its_samples))
    setattr(Tree, f"test_{each.__name__}", tree_case(each))

if __name__ == "__main__":
    python_cases.main()

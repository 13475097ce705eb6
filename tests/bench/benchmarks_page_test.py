#!/usr/bin/python3
"""What docs/benchmarks.md gets from runs: medians, ratios with their spread, goals, and clear errors."""

import json
import pathlib
import tempfile
import unittest

import benchmarks_page
import python_cases

PAGE = """\
# Benchmarks

Words by hand.

<!-- table rates -->

what was there

<!-- end of rates -->

<!-- table costs -->

as it was

<!-- end of costs -->
"""
TABLES = {
    "rates": [
        {"label": "a window", "run": "pipeline", "case": "window"},
        {"label": "a budget", "run": "budget", "case": "get.instructions", "goal": "ours <= 1000", "note": "why"},
    ],
    "costs": [{"label": "MGET", "run": "commands", "case": "MGET"}],
}
BUDGET = '[get]\ninstructions = {value = 1250.4, set_by = "1111111"}\n'


def row(case, ours=None, peer=None, goal=None, unit="us/GET"):
    return {"bench": "pipeline", "case": case, "ours": ours, "peer": peer, "unit": unit, "goal": goal}


MACHINE = row("machine: a CPU, 2 cores, load 0.10")


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, number, *rows, run="pipeline"):
        text = "".join(json.dumps(each) + "\n" for each in (MACHINE, *rows))
        (self.folder / f"{run}.{number}.jsonl").write_text(text)

    def made(self, page=PAGE):
        cases, machines = benchmarks_page.read_runs(self.folder)
        cases |= benchmarks_page.budget_cases(BUDGET)
        return benchmarks_page.make(page, TABLES, cases, machines.keys(), "*Three runs.*")

    def test_a_page(self):
        """a table has medians, the ratio's spread, and the goal; what had no run stays"""
        for number, ours in enumerate((2.0, 1.0, 1.25), 1):
            self.write(number, row("window", ours, 2.0, "ratio <= 0.9"))
        page = self.made()
        self.assertIn("| a window | 1.25 us | 2 us | 0.625 (0.5 to 1) | at most 0.9 | on the line |", page)
        self.assertIn("| a budget | 1,250 |  |  | at most 1000 | **missed**: why |", page)
        self.assertIn("*Three runs.*", page)
        self.assertNotIn("what was there", page)
        self.assertIn("<!-- table costs -->\n\nas it was\n\n<!-- end of costs -->", page)
        self.assertTrue(page.startswith("# Benchmarks\n\nWords by hand.\n"))

    def test_made_twice(self):
        """a page that is made again from the same runs is the same"""
        self.write(1, row("window", 1.0, 2.0))
        page = self.made()
        self.assertEqual(self.made(page), page)

    def test_missing_case(self):
        """a case that no run has is named, so that no old figure stays"""
        self.write(1, row("another", 1.0, 2.0))
        with self.assertRaisesRegex(benchmarks_page.PageError, "table rates: the run pipeline has no case 'window'"):
            self.made()

    def test_no_place(self):
        """a table without a place on the page is named"""
        self.write(1, row("window", 1.0, 2.0))
        with self.assertRaisesRegex(benchmarks_page.PageError, "<!-- table rates -->"):
            self.made("# An empty page\n")

    def test_bad_runs(self):
        """a run that is none is named with its line"""
        with self.assertRaisesRegex(benchmarks_page.PageError, "no run"):
            self.made()
        for text in ("{", '{"case": "a"}', "[]", json.dumps(row("a", "much"))):
            (self.folder / "pipeline.1.jsonl").write_text(json.dumps(MACHINE) + "\n" + text + "\n")
            with self.assertRaisesRegex(benchmarks_page.PageError, r"pipeline\.1\.jsonl:2: not a row"):
                self.made()
        (self.folder / "pipeline.1.jsonl").write_text(json.dumps(row("machine: a CPU, NOT OPTIMISED")) + "\n")
        with self.assertRaisesRegex(benchmarks_page.PageError, r":1: .*not optimised"):
            self.made()


class Figures(unittest.TestCase):
    def test_figures(self):
        """three digits, or whole"""
        for value, text in ((0, "0"), (0.0123, "0.0123"), (1, "1"), (1.234, "1.23"), (99.96, "100"), (1250.4, "1,250")):
            self.assertEqual(benchmarks_page.figure(value), text)

    def test_verdicts(self):
        """a goal is met, on the line if some runs miss it, or missed"""
        case = benchmarks_page.Case("", "", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
        for goal, verdict in (("ours <= 3", "met"), ("ours <= 2", "on the line"), ("ratio >= 2.5", "**missed**")):
            self.assertEqual(benchmarks_page.verdict(case, goal), verdict)
        with self.assertRaisesRegex(benchmarks_page.PageError, "the goal 'fast'"):
            benchmarks_page.verdict(case, "fast")


class Tables(unittest.TestCase):
    def test_bad_tables(self):
        """bench/page.toml is checked, and what is wrong is named"""
        for text, words in (("a = [", "page.toml"), ('a = [{label = "x", run = "y"}]', "has no case"),
                            ('a = [{label = "x", run = "y", case = "z", gaol = "w"}]', "unknown: gaol")):
            with self.assertRaisesRegex(benchmarks_page.PageError, words):
                benchmarks_page.tables_of(text)


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""The page that compares clients, its record, and the run that makes it."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import compared_page
import python_cases

PAGE = pathlib.Path("docs/compared.md")
RECORD = pathlib.Path("bench/compared/record.json")
RUN = pathlib.Path("bench/compared/run.py")
WORKER = "bench/compared/{}_worker"
# In the order of ./dev bench compared.
CLIENTS = ["Plimsoll, native", "hiredis", "Boost.Redis", "Plimsoll, npm", "ioredis", "node-redis", "GLIDE"]


def run(*clients, requests="300"):
    """What a run of these clients records, and how the run ended."""
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder, "record.json")
        ended = subprocess.run([RUN, record, *clients, "--requests", requests, "--settle-seconds", "0", "--commit", "c0ffee"],
                               capture_output=True, text=True, check=False)
        return json.loads(record.read_text(encoding="utf-8")) if record.exists() else None, ended


class Page(unittest.TestCase):
    def test_page(self):
        """the page shows what the record says, of all clients"""
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        self.assertEqual([row["client"] for row in record["rows"]], CLIENTS)
        self.assertEqual({row["answered"] for row in record["rows"]}, {record["requests"]})
        page = PAGE.read_text(encoding="utf-8")
        self.assertEqual(page, compared_page.page_with(page, record), "./dev bench compared --page writes both")

    def test_table(self):
        """a record becomes a row for each client, and the words around it stay"""
        record = {"date": "2026-01-02", "commit": "c0ffee", "machine": "a CPU", "server": "8.0", "requests": 1000,
                  "value_bytes": 1024, "settle_seconds": 10,
                  "rows": [{"client": "one", "version": "1.2", "connected_mib": 3.4, "peak_mib": 100.6, "after_mib": 8.5,
                            "answered": 900, "refused": 100}]}
        page = compared_page.page_with("Before.\n<!-- table memory -->\nold\n<!-- end of memory -->\nBehind.\n", record)
        self.assertIn("| one | 1.2 | 3 MiB | 101 MiB | 8 MiB | 900 | 100 |\n", page)
        self.assertIn("*One run of 2026-01-02, commit c0ffee, on a CPU, valkey-server 8.0: 1,000 SETs of 1,024 bytes.*", page)
        self.assertNotIn("old", page)
        self.assertTrue(page.startswith("Before.") and page.endswith("Behind.\n"))

    def test_no_place(self):
        """a page without a place for the table is an error"""
        with self.assertRaisesRegex(compared_page.PageError, "table memory"):
            compared_page.page_with("Words.", {})


class Run(unittest.TestCase):
    def test_run(self):
        """each client has one burst, and its memory is recorded"""
        record, ended = run(f"ours={WORKER.format('our')}", f"hiredis={WORKER.format('hiredis')}")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual([(row["client"], row["answered"], row["refused"]) for row in record["rows"]],
                         [("ours", 300, 0), ("hiredis", 300, 0)])
        for row in record["rows"]:
            self.assertRegex(row["version"], r"^\d+\.\d+\.\d+$")
            self.assertGreater(row["connected_mib"], 1)
            self.assertGreaterEqual(row["peak_mib"], row["after_mib"])

    def test_line(self):
        """our client refuses what has no room below its memory line, and answers it when it is called again"""
        record, ended = run(f"ours={WORKER.format('our')}", requests="100000")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        [row] = record["rows"]
        self.assertEqual(row["answered"], 100000)
        self.assertGreater(row["refused"], 0)
        self.assertLess(row["peak_mib"], 64 + row["connected_mib"])

    def test_failed(self):
        """a client that ends, or says something else, is no row of a comparison"""
        record, ended = run("silent=true")
        self.assertIsNone(record)
        self.assertTrue(re.search("silent: expected a line with ready, got its end", ended.stderr), ended.stderr)


if __name__ == "__main__":
    python_cases.main()

#!/usr/bin/python3
"""What becomes of a measurement: it is like its budget, or higher, or lower; and what is accepted."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import budget
import measure
import python_cases

FILE = """\
# A comment of the file's.
[get]
instructions = {value = 1000, set_by = "1111111"}
allocations = {value = 1.05, set_by = "1111111", reason = "a value is a string"}

[tarball]
# Of the npm package.
bytes = {value = 2000, set_by = "2222222"}
"""
MEASURED = {"get.instructions": 1000, "get.allocations": 1.05, "tarball.bytes": 2000}


def judge(text=FILE, partly=False, **changed):
    """The findings of MEASURED with changes, whose names have __ for the dot."""
    _, entries = budget.parse(text)
    measured = {**MEASURED, **{name.replace("__", "."): value for name, value in changed.items()}}
    return budget.judge(entries, {name: value for name, value in measured.items() if value is not None}, partly)


def kinds(findings):
    return {finding.name: finding.kind for finding in findings if finding.kind != "same"}


def advice(findings):
    return "\n".join(filter(None, map(budget.advice, findings)))


class JudgeTests(unittest.TestCase):
    def test_what_is_as_it_was_passes_and_nothing_is_asked(self):
        findings = judge()
        self.assertEqual(kinds(findings), {})
        self.assertFalse(any(finding.fails() for finding in findings))
        self.assertEqual(advice(findings), "")

    def test_a_rise_of_one_per_cent_passes_and_more_fails(self):
        self.assertEqual(kinds(judge(get__instructions=1010)), {})
        self.assertEqual(kinds(judge(get__instructions=1010.1)), {"get.instructions": "rose"})
        self.assertTrue(judge(get__instructions=1011)[0].fails())

    def test_a_rise_is_told_with_both_figures_and_the_commit_that_set_the_budget(self):
        said = advice(judge(get__instructions=1234.56))
        for words in ("get.instructions rose", "from 1000 ", "set by 1111111", "to 1234.6 ", 'rise = "why"'):
            self.assertIn(words, said)

    def test_a_fall_of_more_than_one_per_cent_passes_and_asks_to_be_lowered(self):
        findings = judge(tarball__bytes=1900)
        self.assertEqual(kinds(findings), {"tarball.bytes": "fell"})
        self.assertFalse(any(finding.fails() for finding in findings))
        self.assertIn("lower its budget", advice(findings))
        self.assertEqual(kinds(judge(tarball__bytes=1980)), {})

    def test_allocations_are_compared_by_their_difference(self):
        self.assertEqual(kinds(judge(get__allocations=1.06)), {})
        self.assertEqual(kinds(judge(get__allocations=1.061)), {"get.allocations": "rose"})
        self.assertEqual(kinds(judge(get__allocations=1.039)), {"get.allocations": "fell"})

    def test_a_budget_of_nothing_can_be_exceeded(self):
        text = '[parse]\nallocations = {value = 0, set_by = "1111111"}\n'
        _, entries = budget.parse(text)
        [finding] = budget.judge(entries, {"parse.allocations": 1})
        self.assertTrue(finding.fails())
        self.assertIn("rose", "\n".join(budget.table([finding])))

    def test_a_counter_without_a_budget_fails(self):
        findings = judge(set__instructions=900)
        self.assertEqual(kinds(findings), {"set.instructions": "new"})
        self.assertTrue(findings[-1].fails())
        self.assertIn("set.instructions has no budget", advice(findings))

    def test_a_budget_that_nothing_measures_fails_unless_only_a_part_is_measured(self):
        findings = judge(tarball__bytes=None)
        self.assertEqual(kinds(findings), {"tarball.bytes": "unmeasured"})
        self.assertTrue(findings[-1].fails())
        self.assertEqual(kinds(judge(tarball__bytes=None, partly=True)), {})

    def test_a_reason_for_a_rise_that_did_not_happen_is_told(self):
        text = FILE.replace('"2222222"', '"2222222", rise = "more files"')
        self.assertIn("take rise out", advice(judge(text)))

    def test_the_table_has_a_line_for_each_counter(self):
        lines = list(budget.table(judge(get__instructions=1100, tarball__bytes=None, set__lines=7)))
        self.assertEqual(len(lines), 1 + 4)
        self.assertIn("+10.0 %, rose", lines[1])


class AcceptTests(unittest.TestCase):
    def accept(self, text=FILE, **changed):
        document, _ = budget.parse(text)
        written = budget.accept(document, judge(text, **changed), "3333333")
        return written, document.as_string()

    def test_a_fall_is_written_and_the_rest_of_the_file_stays(self):
        written, text = self.accept(tarball__bytes=1900)
        self.assertEqual(written, ["tarball.bytes"])
        self.assertEqual(text, FILE.replace('{value = 2000, set_by = "2222222"}',
                                            '{value = 1900, set_by = "3333333"}'))

    def test_a_rise_without_a_reason_is_not_written(self):
        written, text = self.accept(get__instructions=1100)
        self.assertEqual((written, text), ([], FILE))

    def test_an_old_reason_is_none_for_a_new_rise(self):
        written, text = self.accept(get__allocations=2.05)
        self.assertEqual((written, text), ([], FILE))

    def test_a_rise_with_its_reason_is_written_and_keeps_the_reason(self):
        asked = FILE.replace('"2222222"', '"2222222", rise = "maps are \\"ordered\\""')
        written, text = self.accept(asked, tarball__bytes=3000)
        self.assertEqual(written, ["tarball.bytes"])
        _, entries = budget.parse(text)
        self.assertEqual(entries["tarball.bytes"],
                         budget.Entry(3000, "3333333", reason='maps are "ordered"'))

    def test_a_reason_that_a_fall_has_made_void_goes(self):
        _, text = self.accept(get__allocations=0.05)
        _, entries = budget.parse(text)
        self.assertEqual(entries["get.allocations"], budget.Entry(0.05, "3333333"))

    def test_a_change_of_less_than_one_per_cent_is_not_written(self):
        written, text = self.accept(get__instructions=991, tarball__bytes=2010)
        self.assertEqual((written, text), ([], FILE))

    def test_a_new_counter_is_written_in_its_table_or_in_a_new_one(self):
        written, text = self.accept(get__system_calls=0.04, set__instructions=900.04)
        self.assertEqual(written, ["get.system_calls", "set.instructions"])
        _, entries = budget.parse(text)
        self.assertEqual(entries["get.system_calls"], budget.Entry(0.04, "3333333"))
        self.assertEqual(entries["set.instructions"], budget.Entry(900, "3333333"))
        self.assertIn('system_calls = {value = 0.04, set_by = "3333333"}\n\n[tarball]\n# Of the npm', text)


class FileTests(unittest.TestCase):
    def refused(self, text, *words):
        with self.assertRaises(budget.BudgetError) as caught:
            budget.parse(text)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_what_is_wrong_with_a_file_is_told_with_its_place(self):
        self.refused("[get\n", "not TOML", "line 1")
        self.refused("get = 7\n", "get", "no table")
        self.refused("[get]\ninstructions = 7\n", "get.instructions", "set_by")
        self.refused("[get]\nseconds = {value = 7, set_by = 'a'}\n", "seconds", "instructions")
        self.refused("[get]\nlines = {set_by = 'a'}\n", "get.lines", "value")
        self.refused("[get]\nlines = {value = '7', set_by = 'a'}\n", "get.lines", "number")
        self.refused("[get]\nlines = {value = true, set_by = 'a'}\n", "get.lines", "number")
        self.refused("[get]\nlines = {value = -1, set_by = 'a'}\n", "get.lines", "number")
        self.refused("[get]\nlines = {value = nan, set_by = 'a'}\n", "get.lines", "number")
        self.refused("[get]\nlines = {value = 7}\n", "get.lines", "set_by")
        self.refused("[get]\nlines = {value = 7, set_by = 'a', rise = ' '}\n", "get.lines", "rise")
        self.refused("[get]\nlines = {value = 7, set_by = 'a', reson = 'b'}\n", "reson", "reason")


class TraceTests(unittest.TestCase):
    def test_calls_of_the_main_thread_between_marks_are_counted(self):
        call = "SYSCALL[9,{}](232) {} ( 1, 2 ) --> [async] ... \nSYSCALL[9,{}](232) ... [async] --> Success(0x1) \n"
        threads_and_names = [(1, "sys_read"), (1, "sys_getppid"), (1, "sys_epoll_wait"), (2, "sys_futex"),
                             (1, "sys_clock_gettime"), (1, "sys_sendmsg"), (1, "sys_getppid"), (1, "sys_write")]
        trace = "".join(call.format(thread, name, thread) for thread, name in threads_and_names)
        self.assertEqual(measure.count_system_calls(trace), 2)

    def test_a_trace_without_calls_is_not_understood(self):
        with self.assertRaises(measure.MeasureError):
            measure.count_system_calls("valgrind: cannot trace\n")


class CommandTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, "budget.toml")
        self.file.write_text(FILE, encoding="utf-8")

    def check(self, *words, **changed):
        """Runs check.py with what MEASURED says; returns its status and all that it wrote."""
        measured = {**MEASURED, **{name.replace("__", "."): value for name, value in changed.items()}}
        words = [*words, *(f"--measured={name}={value}" for name, value in measured.items())]
        check = pathlib.Path(budget.__file__).parent / "check.py"
        done = subprocess.run([sys.executable, "-B", check, "--file", self.file, *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def make_repository(self):
        def git(*words):
            identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
            return subprocess.run(["git", *identity, *words], cwd=self.file.parent, check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.strip()

        git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "--message=All of it.")
        return git("rev-parse", "--short=9", "HEAD")

    def test_the_status_says_whether_something_rose(self):
        self.assertEqual(self.check()[0], 0)
        self.assertEqual(self.check(tarball__bytes=1000)[0], 0)
        status, said = self.check(tarball__bytes=2100)
        self.assertEqual(status, 1)
        self.assertIn("from 2000 (set by 2222222) to 2100 bytes", said)

    def test_what_is_accepted_is_written_with_the_commit(self):
        commit = self.make_repository()
        status, said = self.check("--accept", tarball__bytes=1000)
        self.assertEqual((status, "written: tarball.bytes" in said), (0, True), said)
        self.assertIn("bytes = {value = 1000, set_by = ", self.file.read_text(encoding="utf-8"))
        self.assertIn(commit, self.file.read_text(encoding="utf-8"))

    def test_accepting_a_rise_without_a_reason_fails(self):
        self.make_repository()
        status, said = self.check("--accept", tarball__bytes=2100)
        self.assertEqual((status, "written: nothing" in said), (1, True), said)

    def test_a_broken_file_is_told(self):
        self.file.write_text("[get\n", encoding="utf-8")
        status, said = self.check()
        self.assertEqual(status, 1)
        self.assertTrue(said.startswith("bench/budget.toml: this is not TOML"), said)

    def test_a_measurement_that_is_no_number_is_told(self):
        status, said = self.check(tarball__bytes="many")
        self.assertEqual(status, 1)
        self.assertIn("tarball.bytes: 'many' is no number", said)

    def test_a_program_that_is_not_there_is_told(self):
        status, said = self.check("--work=nowhere")
        self.assertEqual(status, 1)
        self.assertIn("nowhere is not there", said)


if __name__ == "__main__":
    python_cases.main()

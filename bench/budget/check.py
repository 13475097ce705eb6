#!/usr/bin/python3
"""Compares what the client costs with bench/budget.toml: ./dev bench budget, and parts of ./dev test."""

import argparse
import pathlib
import subprocess
import sys

import budget
import measure


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=pathlib.Path, help="the file with the budgets",
                        default=pathlib.Path(__file__).parent.parent / "budget.toml")
    parser.add_argument("--work", help="//bench/budget:work, to measure its rows")
    parser.add_argument("--measured", action="append", default=[], metavar="NAME=NUMBER",
                        help="what was measured elsewhere")
    parser.add_argument("--measured-in", action="append", default=[], metavar="NAME=FILE",
                        help="the same, with a file that has the number")
    parser.add_argument("--partly", action="store_true", help="not all counters are measured this time")
    parser.add_argument("--accept", action="store_true",
                        help="write what fell, what is new, and what rose and has a reason")
    return parser.parse_args()


def _measured(arguments):
    found = measure.measure(arguments.work) if arguments.work else {}
    texts = [given.partition("=") for given in arguments.measured]
    for given in arguments.measured_in:
        name, _, path = given.partition("=")
        texts.append((name, "=", pathlib.Path(path).read_text(encoding="utf-8")))
    for name, _, text in texts:
        try:
            found[name] = float(text)
        except ValueError as error:
            raise measure.MeasureError(f"{name}: {text!r} is no number") from error
    return found


def _commit(folder):
    """The commit that is checked out, as git describes it; "-dirty" if something differs from it besides
    the file itself."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/bench/budget.toml")
    return git("rev-parse", "--short=9", "HEAD").strip() + ("-dirty" if changed.strip() else "")


def main():
    """Prints a line for each counter, and what to do; returns the exit status."""
    arguments = _arguments()
    # First, since measuring takes a while.
    document, entries = budget.parse(arguments.file.read_text(encoding="utf-8"))
    findings = budget.judge(entries, _measured(arguments), arguments.partly)
    if not findings:
        raise measure.MeasureError("nothing was measured")
    print(*budget.table(findings), sep="\n")
    if arguments.accept:
        written = budget.accept(document, findings, _commit(arguments.file.resolve().parent))
        arguments.file.write_text(document.as_string(), encoding="utf-8")
        print(f"written: {', '.join(written) or 'nothing'}")
        findings = [finding for finding in findings if finding.name not in written]
    for finding in findings:
        if budget.advice(finding):
            print(budget.advice(finding))
    return 1 if any(finding.fails() for finding in findings) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except budget.BudgetError as wrong:
        sys.exit(f"bench/budget.toml: {wrong}")
    except (measure.MeasureError, OSError, subprocess.CalledProcessError) as wrong:
        sys.exit(f"budget: {wrong}")

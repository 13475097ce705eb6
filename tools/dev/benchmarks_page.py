#!/usr/bin/python3
"""Makes the tables and charts of docs/benchmarks.md from runs of benchmarks: ./dev bench --page.

A run is a file RUN.NUMBER.jsonl, as the benchmark RUN prints it with --json; runs of one name are
taken together. bench/page.toml says which case is shown where. A table stands on the page between
<!-- table NAME --> and <!-- end of NAME -->; everything else on the page is written by hand.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import statistics
import sys

import tomlkit
import tomlkit.exceptions

import charts

_TREE = pathlib.Path(__file__).resolve().parents[2]
_RUN = re.compile(r"([a-z_]+)\.\d+\.jsonl")
_GOAL = re.compile(r"(ratio|ours) (<=|>=) (\S+)")
_COLUMNS = ("case", "ours", "peer", "ratio", "goal", "")


class PageError(Exception):
    """The page cannot be made; the text says what to do."""


@dataclasses.dataclass
class Case:
    """What all runs say of one case. `goal` is as the benchmark prints it, or empty."""

    unit: str
    goal: str
    ours: list[float] = dataclasses.field(default_factory=list)
    peer: list[float] = dataclasses.field(default_factory=list)

    def ratios(self):
        """Ours to the peer's, of each run."""
        return [ours / peer for ours, peer in zip(self.ours, self.peer)]


def read_runs(folder):
    """{(run, case): Case} and {run: the machines it ran on} of all runs in a folder."""
    cases, machines = {}, {}
    files = sorted(path for path in folder.glob("*.jsonl") if _RUN.fullmatch(path.name))
    if not files:
        raise PageError(f"{folder}: no run, which would be a file such as pipeline.1.jsonl")
    for path in files:
        run = _RUN.fullmatch(path.name)[1]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                _add(cases, machines, run, json.loads(line))
            except (ValueError, KeyError, TypeError) as problem:
                raise PageError(f"{path}:{number}: not a row of a benchmark: {problem!r}") from problem
    return cases, machines


def _add(cases, machines, run, row):
    if row["case"].startswith("machine: "):
        machine = row["case"].removeprefix("machine: ")
        if "NOT OPTIMISED" in machine:
            raise ValueError("the program was not optimised, so its figures mean nothing")
        machines.setdefault(run, []).append(machine)
        return
    case = cases.setdefault((run, row["case"]), Case(row["unit"], row["goal"] or ""))
    case.ours.append(float(row["ours"]))
    if row["peer"] is not None:
        case.peer.append(float(row["peer"]))


def budget_cases(text):
    """The counters of bench/budget.toml, as cases of the run "budget"."""
    cases = {}
    for table, counters in tomlkit.parse(text).unwrap().items():
        for counter, entry in counters.items():
            cases["budget", f"{table}.{counter}"] = Case("", "", [float(entry["value"])])
    return cases


def figure(value):
    """Three digits, or whole: 0.0123, 1.23, 12.3, 1,234."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values):
    """The median; with several values also the lowest and the highest."""
    middle = figure(statistics.median(values))
    ends = [figure(min(values)), figure(max(values))]
    return middle if ends[0] == ends[1] else f"{middle} ({ends[0]} to {ends[1]})"


def verdict(case, goal):
    """Whether the goal is met by the median, and by every run."""
    found = _GOAL.fullmatch(goal)
    if not found:
        raise PageError(f"the goal {goal!r} is none such as 'ratio >= 1' or 'ours <= 5'")
    values = case.ratios() if found[1] == "ratio" else case.ours
    limit = float(found[3])
    holds = [value <= limit if found[2] == "<=" else value >= limit
             for value in (statistics.median(values), *values)]
    if not holds[0]:
        return "**missed**"
    return "met" if all(holds) else "on the line"


def row_of(shown, case):
    """The cells of one row of a table."""
    goal = shown.get("goal", case.goal)
    unit = f" {case.unit}" if case.unit in ("us", "ms", "MB/s", "KiB") or case.unit.startswith("us/") else ""
    unit = unit.split("/")[0] if unit.startswith(" us") else unit
    end = verdict(case, goal) if goal else ""
    if shown.get("note"):
        end = f"{end}: {shown['note']}" if end else shown["note"]
    return (
        shown["label"],
        figure(statistics.median(case.ours)) + unit,
        figure(statistics.median(case.peer)) + unit if case.peer else "",
        spread(case.ratios()) if case.peer else "",
        goal.replace("ratio ", "").replace("ours ", "").replace("<=", "at most").replace(">=", "at least"),
        end,
    )


def table_of(name, rows, cases, runs):
    """The table in Markdown; None if none of its benchmarks ran, so that the old one stays."""
    if not any(row["run"] in runs for row in rows):
        return None
    lines = ["| " + " | ".join(_COLUMNS).rstrip() + " |", "|---" * len(_COLUMNS) + "|"]
    for row in rows:
        case = cases.get((row["run"], row["case"]))
        if case is None:
            raise PageError(f"bench/page.toml: table {name}: the run {row['run']} has no case {row['case']!r}")
        lines.append("| " + " | ".join(row_of(row, case)).rstrip() + " |")
    return "\n".join(lines)


def make(page, shown, cases, runs, about):
    """The page with its tables made again."""
    for name, rows in shown.items():
        table = table_of(name, rows, cases, runs)
        if table is None:
            continue
        marked = re.compile(rf"<!-- table {name} -->\n.*?<!-- end of {name} -->", re.DOTALL)
        if len(marked.findall(page)) != 1:
            raise PageError(f"docs/benchmarks.md: no place, or several, between <!-- table {name} --> "
                            f"and <!-- end of {name} -->")
        text = f"<!-- table {name} -->\n\n{table}\n\n{about}\n\n<!-- end of {name} -->"
        page = marked.sub(lambda _, text=text: text, page)
    return page


def tables_of(text):
    """{table: its rows} of bench/page.toml."""
    try:
        shown = tomlkit.parse(text).unwrap()
    except tomlkit.exceptions.ParseError as problem:
        raise PageError(f"bench/page.toml: {problem}") from problem
    for name, rows in shown.items():
        for row in rows:
            if missing := {"label", "run", "case"} - row.keys():
                raise PageError(f"bench/page.toml: table {name}: a row has no {', '.join(sorted(missing))}: {row}")
            if strange := row.keys() - {"label", "run", "case", "goal", "note"}:
                raise PageError(f"bench/page.toml: table {name}: unknown: {', '.join(sorted(strange))}")
    return shown


def about_runs(folder, machines):
    """Where the figures come from, as a line of the page."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    named = sorted({machine.split(", load")[0] for each in machines.values() for machine in each})
    count = max(len(each) for each in machines.values())
    return f"*{count} {'run' if count == 1 else 'runs'} of {about['date']}, commit {about['commit']}, on {'; '.join(named)}.*"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the runs are")
    parser.add_argument("--page", type=pathlib.Path, default=_TREE / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    try:
        cases, machines = read_runs(arguments.folder)
        cases |= budget_cases((_TREE / "bench" / "budget.toml").read_text(encoding="utf-8"))
        shown = tables_of((_TREE / "bench" / "page.toml").read_text(encoding="utf-8"))
        page = arguments.page.read_text(encoding="utf-8")
        made = make(page, shown, cases, machines.keys(), about_runs(arguments.folder, machines))
    except PageError as problem:
        print(f"benchmarks_page: {problem}", file=sys.stderr)
        return 1
    arguments.page.write_text(made, encoding="utf-8")
    charts.draw(arguments.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())

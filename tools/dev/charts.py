#!/usr/bin/python3
"""Draws the charts of docs/benchmarks.md from its tables: tools/dev/charts.py (needs gnuplot).

A table becomes a chart of horizontal bars if the line two above it is <!-- chart FILE: TITLE -->. The
first column names the bars, the column "ratio" is their length. FILE is relative to docs/.
"""

import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"

_CHART = re.compile(r"^<!-- chart (\S+): (.+) -->\n\n((?:\|.*\n)+)", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _cells(row):
    return [cell.strip().replace("`", "") for cell in row.strip().strip("|").split("|")]


def bars(table):
    """(name, ratio) for each row of a table in Markdown."""
    head, _, *rows = table.strip().split("\n")
    ratio = _cells(head).index("ratio")
    return [(_cells(row)[0], float(_NUMBER.search(_cells(row)[ratio])[0])) for row in rows]


def script(path, title, found):
    """What gnuplot is to do. Bars are boxes around (ratio, place), the first at the top."""
    def quoted(text):
        return "'" + text.replace("'", "''") + "'"
    count = len(found)
    ticks = ", ".join(f"{quoted(name)} {count - 1 - place}" for place, (name, _) in enumerate(found))
    data = "\n".join(f"{ratio} {count - 1 - place}" for place, (_, ratio) in enumerate(found))
    most = max(ratio for _, ratio in found)
    return f"""\
set terminal svg noenhanced size 860,{110 + 34 * count} dynamic background rgb 'white' \\
  font 'Helvetica,Arial,sans-serif,13'
set output {quoted(str(path))}
set title {quoted(title)} font ',15'
set xrange [0:{max(most * 1.12, 1.1)}]
set yrange [-0.6:{count - 0.4}]
set ytics ({ticks}) scale 0
set xtics nomirror
set border 3 lc rgb '#444444'
set grid xtics lc rgb '#dddddd'
set arrow from 1, graph 0 to 1, graph 1 nohead dt 2 lc rgb '#444444' front
unset key
set style fill solid noborder
$bars << EOD
{data}
EOD
plot $bars using ($1/2):2:($1/2):(0.32) with boxxyerror lc rgb '#0072b2', \\
  $bars using 1:2:1 with labels left offset 0.6,0
"""


def main():
    charts = _CHART.findall(PAGE.read_text(encoding="utf-8"))
    for name, title, table in charts:
        path = PAGE.parent / name
        subprocess.run(["gnuplot"], input=script(path, title, bars(table)), text=True, check=True)
        print(f"written: docs/{name}")
    return 0 if charts else 1


if __name__ == "__main__":
    sys.exit(main())

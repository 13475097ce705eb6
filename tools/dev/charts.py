"""Draws the charts of docs/benchmarks.md from its tables (needs gnuplot).

A table becomes a chart of horizontal bars if <!-- chart FILE: TITLE --> comes before it. The first
column names the bars, the column "ratio" is their length; a row without a ratio has none. FILE is
relative to the page.
"""

import re
import subprocess

_CHART = re.compile(r"^<!-- chart (\S+): (.+) -->\n\n(?:<!-- table \S+ -->\n\n)?((?:\|.*\n)+)", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _cells(row):
    return [cell.strip().replace("`", "") for cell in row.strip().strip("|").split("|")]


def bars(table):
    """(name, ratio) for each row of a table in Markdown."""
    head, _, *rows = table.strip().split("\n")
    ratio = _cells(head).index("ratio")
    found = [(_cells(row)[0], _NUMBER.search(_cells(row)[ratio])) for row in rows]
    return [(name, float(number[0])) for name, number in found if number]


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


def draw(page):
    """Draws every chart of a page."""
    for name, title, table in _CHART.findall(page.read_text(encoding="utf-8")):
        path = page.parent / name
        subprocess.run(["gnuplot"], input=script(path, title, bars(table)), text=True, check=True)

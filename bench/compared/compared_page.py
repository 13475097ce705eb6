#!/usr/bin/python3
"""Makes the table of docs/compared.md from the record of a run: compared_page.py RECORD PAGE.

The table stands between <!-- table memory --> and <!-- end of memory -->; all else on the page is written by hand.
"""

import json
import pathlib
import re
import sys

_TABLE = re.compile(r"(<!-- table memory -->\n).*(<!-- end of memory -->\n)", re.DOTALL)
_COLUMNS = ("client", "version", "connected", "peak", "10 s after", "answered", "refused")


class PageError(Exception):
    """The page cannot be made; the text says what to do."""


def table(record):
    """The record as lines of Markdown."""
    columns = [column.replace("10", f"{record['settle_seconds']:g}") for column in _COLUMNS]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in record["rows"]:
        cells = [row["client"], row["version"], *(f"{row[part + '_mib']:.0f} MiB" for part in ("connected", "peak", "after")),
                 f"{row['answered']:,}", f"{row['refused']:,}"]
        lines.append("| " + " | ".join(cells) + " |")
    about = (f"*One run of {record['date']}, commit {record['commit']}, on {record['machine']}, valkey-server {record['server']}: "
             f"{record['requests']:,} SETs of {record['value_bytes']:,} bytes.*")
    return "\n".join(["", *lines, "", about, "", ""])


def page_with(page, record):
    """The page's text with the record's table."""
    if len(_TABLE.findall(page)) != 1:
        raise PageError("the page has no place for the table: expected <!-- table memory --> and <!-- end of memory -->")
    return _TABLE.sub(lambda found: found[1] + table(record) + found[2], page)


def main(record, page):
    page = pathlib.Path(page)
    try:
        text = page_with(page.read_text(encoding="utf-8"), json.loads(pathlib.Path(record).read_text(encoding="utf-8")))
    except PageError as problem:
        sys.exit(f"{page}: {problem}")
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

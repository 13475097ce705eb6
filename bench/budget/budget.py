"""bench/budget.toml: what each cost may be, and what a measurement means for it."""

import dataclasses
import math

import tomlkit
import tomlkit.exceptions

# What counters count, and which change of a value is none: a share of the budget, and at least so much.
# Allocations are whole numbers for most requests, so theirs is absolute.
_UNITS = {
    "instructions": ("instructions a request", 0.01, 0.0),
    "allocations": ("allocations a request", 0.0, 0.01),
    "system_calls": ("system calls a request", 0.01, 0.002),
    "bytes": ("bytes", 0.01, 0.0),
    "lines": ("lines", 0.01, 0.0),
}

_FIELDS = {"value", "set_by", "reason", "rise"}


class BudgetError(Exception):
    """The file cannot be used, or a measurement has no place in it; the text says what to do."""


@dataclasses.dataclass
class Entry:
    """A counter of the file, such as get.instructions."""

    value: float
    # The commit that was checked out when the value was accepted.
    set_by: str
    # Why the value is higher than the one before; none, if it is not.
    reason: str = ""
    # Why the next value may be higher: not accepted yet.
    rise: str = ""


@dataclasses.dataclass
class Finding:
    """What became of one counter. `kind` is same, fell, rose, new (no budget) or unmeasured."""

    name: str
    kind: str
    entry: Entry | None
    now: float | None

    def fails(self):
        """Whether the counter needs somebody to do something."""
        return self.kind in ("rose", "new", "unmeasured")


def unit_of(name):
    """What a counter counts, for people: that of get.instructions is "instructions a request"."""
    counter = name.rpartition(".")[2]
    if counter not in _UNITS:
        raise BudgetError(f"{name}: the unit {counter} is none of {', '.join(_UNITS)}")
    return _UNITS[counter][0]


def parse(text):
    """Returns the document, which accept() changes, and a dict of name to Entry."""
    try:
        document = tomlkit.parse(text)
    except tomlkit.exceptions.ParseError as error:
        raise BudgetError(f"this is not TOML: {error}") from error
    entries = {}
    for what, counters in document.unwrap().items():
        if not isinstance(counters, dict):
            raise BudgetError(f"{what}: this is no table of counters")
        for counter, fields in counters.items():
            name = f"{what}.{counter}"
            unit_of(name)
            entries[name] = _entry(name, fields)
    return document, entries


def _entry(name, fields):
    if not isinstance(fields, dict):
        raise BudgetError(f'{name}: this is no {{ value = NUMBER, set_by = "COMMIT" }}')
    for field in fields:
        if field not in _FIELDS:
            raise BudgetError(f"{name}: the field {field} is none of {', '.join(sorted(_FIELDS))}")
    value = fields.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise BudgetError(f"{name}: value has to be a number of at least 0")
    for field in ("set_by", "reason", "rise"):
        if field not in fields and field != "set_by":
            continue
        text = fields.get(field)
        if not isinstance(text, str) or not text.strip():
            raise BudgetError(f"{name}: {field} has to be a text that is not empty")
    return Entry(**fields)


def judge(entries, measured, partly=False):
    """Compares what was measured, a dict of name to number, with the entries.

    Args:
      entries: of parse().
      measured: what there is now.
      partly: whether entries without a measurement are left out. Otherwise they fail: nothing would hold
          them any longer.

    Returns:
      a Finding for each counter, in the order of the file.
    """
    findings = [_judge(name, entry, measured.get(name)) for name, entry in entries.items()
                if name in measured or not partly]
    return findings + [Finding(name, "new", None, now) for name, now in measured.items()
                       if name not in entries and unit_of(name)]


def _judge(name, entry, now):
    if now is None:
        return Finding(name, "unmeasured", entry, None)
    _, share, least = _UNITS[name.rpartition(".")[2]]
    # A billionth, because 0.06 - 0.05 is more than 0.01 in binary.
    room = max(entry.value * share, least) + 1e-9
    if abs(now - entry.value) <= room:
        return Finding(name, "same", entry, now)
    return Finding(name, "rose" if now > entry.value else "fell", entry, now)


def accept(document, findings, commit):
    """Writes into the document: what fell, what is new, and each rise that has its reason under `rise`,
    which becomes `reason`.

    Returns:
      the names of what was written.
    """
    written = []
    for finding in findings:
        table, counter = finding.name.rsplit(".", 1)
        if finding.kind == "new":
            if table not in document:
                document.add(tomlkit.nl())
                document.add(table, tomlkit.table())
            document[table][counter] = _inline(rounded(finding.now), commit, "")
        elif finding.kind == "fell":
            document[table][counter] = _inline(rounded(finding.now), commit, "")
        elif finding.kind == "rose" and finding.entry.rise:
            document[table][counter] = _inline(rounded(finding.now), commit, finding.entry.rise)
        else:
            continue
        written.append(finding.name)
    return written


def _inline(value, commit, reason):
    table = tomlkit.inline_table()
    table.update({"value": value, "set_by": commit, **({"reason": reason} if reason else {})})
    return table


def rounded(value):
    """The value as the file has it: digits that no tolerance looks at would only make noise."""
    short = round(value, 1 if value >= 100 else 3)
    return int(short) if short == int(short) else short


def table(findings):
    """Lines for people: name, budget, now, change."""
    width = max(len(finding.name) for finding in findings)
    yield f"{'':{width}}  {'budget':>10}  {'now':>10}  change"
    for finding in findings:
        budget = rounded(finding.entry.value) if finding.entry else "none"
        now = "none" if finding.now is None else rounded(finding.now)
        yield f"{finding.name:{width}}  {budget:>10}  {now:>10}  {_change(finding)}"


def _change(finding):
    if finding.kind == "same":
        return ""
    if finding.kind in ("new", "unmeasured"):
        return finding.kind
    if finding.entry.value == 0:
        return finding.kind
    return f"{(finding.now / finding.entry.value - 1) * 100:+.1f} %, {finding.kind}"


def advice(finding):
    """What somebody should do about a finding; nothing for one that is the same."""
    name, entry = finding.name, finding.entry
    if finding.kind == "new":
        return f"{name} has no budget: ./dev bench budget --accept writes {rounded(finding.now)} {unit_of(name)}."
    if finding.kind == "unmeasured":
        return f"{name} was not measured: if the counter is gone, take its line out of bench/budget.toml."
    both = f"from {rounded(entry.value)} (set by {entry.set_by}) to {rounded(finding.now)} {unit_of(name)}"
    if finding.kind == "rose" and entry.rise:
        return f'{name} rose {both}, because "{entry.rise}": ./dev bench budget --accept writes it.'
    if finding.kind == "rose":
        return (f"{name} rose {both}. Bring it down; or write rise = \"why\" beside its value in "
                "bench/budget.toml, and run ./dev bench budget --accept.")
    if finding.kind == "fell":
        return f"{name} fell {both}: lower its budget with ./dev bench budget --accept."
    if entry.rise:
        return f"{name} has a reason for a rise, and did not rise: take rise out of bench/budget.toml."
    return ""

#!/usr/bin/python3
"""Writes copies of C++ files in which one of many mutants can be chosen at run time.

mutate.py MUTANTS.toml OUT_FOLDER LIST.cc FILE=PATH...

Each FILE, a path as in the repository, is read from PATH and written to OUT_FOLDER/FILE. LIST.cc
gets the names of all mutants. Fails, and says which, where the original text of a mutant does not
occur exactly once.
"""

import collections
import pathlib
import sys
import tomllib

CHOICE = "::plimsoll::mutants::chosen"
DECLARATION = "namespace plimsoll::mutants { extern int chosen; }\n#line 1\n"


class Misfit(Exception):
    pass


def is_statement(text):
    return text.rstrip().endswith((";", "}"))


def find(mutant, text):
    """Where in the text the mutant's part to be replaced begins and ends."""
    pattern = mutant["original"].lstrip("\n")
    if "«" in pattern:
        before, rest = pattern.split("«")
        part, after = rest.split("»")
    else:
        before, part, after = "", pattern, ""
    count = text.count(before + part + after)
    if count != 1:
        raise Misfit(f"the original of mutant {mutant['name']} occurs {count} times in "
                     f"{mutant['file']}, not once:\n{before}{part}{after}")
    begin = text.index(before + part + after) + len(before)
    return begin, begin + len(part)


def choice(original, variants):
    """C++ that does as the chosen variant, or as the original."""
    if not is_statement(original) and any(not text.strip() for _, text in variants):
        raise Misfit(f"an expression cannot be left out: {original}")
    if is_statement(original):
        cases = "".join(f"if ({CHOICE} == {number}) {{ {text} }} else "
                        for number, text in variants)
        return f"{{ {cases}{{ {original} }} }}"
    cases = "".join(f"{CHOICE} == {number} ? ({text.strip()}) : " for number, text in variants)
    return f"({cases}({original}))"


def mutate(text, mutants):
    """The text with all its mutants, each of which comes as (number, mutant)."""
    spans = collections.defaultdict(list)
    misfits = []
    for number, mutant in mutants:
        try:
            spans[find(mutant, text)].append((number, mutant["mutated"]))
        except Misfit as misfit:
            misfits.append(str(misfit))
    if misfits:
        raise Misfit("\n".join(misfits))
    last_begin = len(text)
    for begin, end in sorted(spans, reverse=True):
        if end > last_begin:
            names = ", ".join(mutant["name"] for _, mutant in mutants)
            raise Misfit(f"two of these overlap without being the same: {names}")
        text = text[:begin] + choice(text[begin:end], spans[begin, end]) + text[end:]
        last_begin = begin
    return DECLARATION + text if mutants else text


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def listing(mutants):
    rows = "".join(f"    {{{quoted(m['name'])}, {quoted(m['breaks'])}, {quoted(m['file'])}, "
                   f"{quoted(m.get('worlds', ''))}}},\n"
                   for m in mutants)
    return ('#include "plimsoll/tests/sim/mutants/mutants.h"\n\n'
            "namespace plimsoll::mutants {\n\nint chosen = 0;\n\n"
            f"const std::vector<Mutant> all = {{\n{rows}}};\n\n}}  // namespace plimsoll::mutants\n")


def main(mutants_path, out_folder, list_path, *files):
    mutants = tomllib.loads(pathlib.Path(mutants_path).read_text(encoding="utf-8"))["mutant"]
    names = [mutant["name"] for mutant in mutants]
    if len(set(names)) != len(names):
        raise Misfit("two mutants have the same name")
    by_file = collections.defaultdict(list)
    for number, mutant in enumerate(mutants, 1):
        by_file[mutant["file"]].append((number, mutant))
    misfits = []
    for name, path in (file.split("=", 1) for file in files):
        text = pathlib.Path(path).read_text(encoding="utf-8")
        out = pathlib.Path(out_folder, name)
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            out.write_text(mutate(text, by_file.pop(name, [])), encoding="utf-8")
        except Misfit as misfit:
            misfits.append(str(misfit))
    misfits += [f"{file}, which has mutants, is not there" for file in by_file]
    if misfits:
        raise Misfit("\n".join(misfits))
    pathlib.Path(list_path).write_text(listing(mutants), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Misfit as misfit:
        sys.exit(f"mutate.py: the core has changed under its mutants:\n{misfit}")

#!/usr/bin/python3
"""Makes programs of the C++ in pages about another client: its own programs, ours in their place, and what both print.

    before_after.py CLIENT=PAGE... --cases CASES.h --after AFTER.cc [--before CLIENT=BEFORE.cc]...

A page, docs/coming_from_CLIENT.md, has for each of its programs three blocks in this order:

  ```cpp   whose first line is "// before: NAME", and which has a main(): theirs
  ```cpp   whose first line is "// after: NAME", likewise: ours
  ```text  what both print

All programs of ours become one file, and so do those of each client for which a file is wanted: headers cost more to compile
than programs. Each program is in a namespace of its own there, and the file's main() calls the one that its first argument
names: NAME, in ours CLIENT.NAME. CASES.h lists them, for before_after_test.cc.
"""

import argparse
import pathlib
import re
import sys

import code_blocks

_FIRST_LINE = re.compile(r"^// (before|after): ([a-z][a-z0-9_]*)$")
_INCLUDE = re.compile(r"^#include .*$", re.MULTILINE)
_MAIN = re.compile(r"^int main\(", re.MULTILINE)
_CLOSING = re.compile(r"^\}", re.MULTILINE)

_DISPATCHER = """\
#include <cstring>
#include <iostream>

int main(int argc, char** argv) {{
  if (argc > 1) {{
{calls}
  }}
  std::cerr << "expected the name of a program and what it takes\\n";
  return 2;
}}
"""


def is_half(code):
    """Whether the block is a program of such a page."""
    return _FIRST_LINE.match(code.split("\n", 1)[0]) is not None


class Program:
    """One program of a page: `before` and `after` are (number of its first line, its text)."""

    def __init__(self, client, name, before):
        self.client, self.name, self.before = client, name, before
        self.after = None
        self.prints = None


def programs(client, page, text):
    """The programs of a page's text, in their order; throws BadDocument where one is not whole."""
    found = []

    def bad(line, expected):
        raise code_blocks.BadDocument(f"{page}:{line}: expected {expected}")

    def whole():
        return not found or found[-1].prints is not None

    line = 1
    for line, code, above in code_blocks.blocks(text, ("cpp", "text")):
        half = _FIRST_LINE.match(code.split("\n", 1)[0])
        if half is None:
            if _MAIN.search(code) and not code_blocks.NOT_COMPILED.match(above):
                bad(line, "`// before: NAME` or `// after: NAME` in front of a program")
            if not whole():
                if found[-1].after is None or _MAIN.search(code):
                    bad(line, f"`// after: {found[-1].name}`")
                found[-1].prints = code + "\n"
            continue
        side, name = half.groups()
        if not _MAIN.search(code):
            bad(line, "a main() in the program")
        if side == "before":
            if not whole():
                bad(line, f"the rest of {found[-1].name} first")
            if name in [each.name for each in found]:
                bad(line, f"one program {name}")
            found.append(Program(client, name, (line, code)))
        elif whole() or found[-1].after is not None or found[-1].name != name:
            bad(line, f"`// before: {name}` in front of what comes after it")
        else:
            found[-1].after = (line, code)
    if not found or not whole():
        bad(line, "a program before, after, and what both print")
    return found


def _space(program):
    return f"{program.client}_{program.name}"


def _body(program, page, line, code):
    """The program as a namespace with a function run_program(), at its place in the page for the compiler's messages."""
    begin, rest = _MAIN.split(_INCLUDE.sub("", code), maxsplit=1)
    # Only a function that is called main may end without a return.
    rest = _CLOSING.sub("return 0; }", rest)
    return f'namespace {_space(program)} {{\n#line {line} "{page}"\n{begin}int run_program({rest}\n}}  // namespace\n'


def unit(listed):
    """One file of programs: `listed` are (what main() calls it, program, page, (line, code))."""
    includes, bodies, calls = {}, [], []
    for name, program, page, (line, code) in listed:
        includes.update(dict.fromkeys(_INCLUDE.findall(code)))
        bodies.append(_body(program, page, line, code))
        calls.append(f'    if (std::strcmp(argv[1], "{name}") == 0) return {_space(program)}::run_program(argc - 1, argv + 1);')
    return "\n".join([*includes, "", *bodies, _DISPATCHER.format(calls="\n".join(calls))])


def cases(listed):
    """CASES.h: `listed` are (program, page)."""
    rows = [f'    {{"{program.client}", "{program.name}", "{page}:{program.before[0]}", R"_({program.prints})_"}},'
            for program, page in listed]
    return "\n".join(["#pragma once", "", "struct Case {", "  const char* client;", "  const char* program;",
                      "  const char* place;", "  const char* prints;", "};", "", "inline constexpr Case cases[] = {",
                      *rows, "};", ""])


def _pairs(texts):
    return dict(text.split("=", 1) for text in texts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", nargs="+")
    parser.add_argument("--cases", required=True)
    parser.add_argument("--after", required=True)
    parser.add_argument("--before", action="append", default=[])
    given = parser.parse_args()
    before = _pairs(given.before)
    pages = _pairs(given.pages)
    try:
        found = []
        for client, path in pages.items():
            page = f"docs/{pathlib.Path(path).name}"
            text = pathlib.Path(path).read_text(encoding="utf-8")
            found += [(program, page) for program in programs(client, page, text)]
    except code_blocks.BadDocument as problem:
        sys.exit(str(problem))
    pathlib.Path(given.cases).write_text(cases(found), encoding="utf-8")
    ours = [(f"{program.client}.{program.name}", program, page, program.after) for program, page in found]
    pathlib.Path(given.after).write_text(unit(ours), encoding="utf-8")
    for client, output in before.items():
        if client not in pages:
            sys.exit(f"--before {client}: expected one of {' '.join(pages)}")
        theirs = [(program.name, program, page, program.before) for program, page in found if program.client == client]
        pathlib.Path(output).write_text(unit(theirs), encoding="utf-8")


if __name__ == "__main__":
    main()

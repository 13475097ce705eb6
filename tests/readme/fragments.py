#!/usr/bin/python3
"""Makes one file of all C++ in documents, for a compiler to check: fragments.py OUTPUT DOCUMENT...

Each block that begins with ```cpp becomes the body of a coroutine of its own. What it may use without
saying where that comes from is declared in fragments.h: a client, options... Lines with #include go to
the top. Words in the text such as `client.statistics().tls_problem` are checked as expressions.

Programs of pages about another client are left to before_after.py.

C++ in a block of another kind is an error, so that none is passed over, unless the line above it says
why it is not meant to be compiled: <!-- not compiled: REASON -->
"""

import pathlib
import re
import sys

import before_after
import code_blocks

_LOOKS_LIKE_CPP = re.compile(r"\bnative::|\bco_await\b|;\s*(//.*)?$", re.MULTILINE)
_PROSE_LANGUAGES = ("", "text")
_INCLUDE = re.compile(r"^#include .*$", re.MULTILINE)
_HAS_PROGRAMS = re.compile(r"^coming_from_\w+$")
_EXPRESSION = re.compile(r"`((?:\w+(?:\.|->))?(?:\w+_)?statistics\(\)[\w.()]*)`")


def _refuse(document, line):
    raise code_blocks.BadDocument(
        f"{document}:{line}: this looks like C++ that is not compiled: expected ```cpp, or above it "
        "<!-- not compiled: REASON -->")


def _prose(text):
    """(line number, line) for each line that is in no block."""
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield number, line


def _expression(words):
    """`statistics()` alone is a client's."""
    return f"client.{words}" if words.startswith("statistics()") else words


def check_none_hides(document, text):
    """Throws where C++ is in a block that is not taken for C++."""
    for line, code, above in code_blocks.blocks(text, _PROSE_LANGUAGES):
        if _LOOKS_LIKE_CPP.search(code) and not code_blocks.NOT_COMPILED.match(above):
            _refuse(document, line)
    for number, line in _prose(text):
        if line.startswith("    ") and not line.lstrip().startswith("-") and _LOOKS_LIKE_CPP.search(line):
            _refuse(document, number)


def fragments(document, text):
    """(includes, functions) of a document."""
    check_none_hides(document, text)
    name = re.sub(r"\W", "_", pathlib.Path(document).stem)
    includes, functions = [], []
    has_programs = _HAS_PROGRAMS.match(name)
    for line, code, above in code_blocks.blocks(text):
        if code_blocks.NOT_COMPILED.match(above) or (has_programs and before_after.is_half(code)):
            continue
        includes += _INCLUDE.findall(code)
        # Empty lines in their place: the compiler's messages point into the document.
        body = _INCLUDE.sub("", code)
        functions.append(f"asio::awaitable<void> {name}_{line}() {{\n"
                         f'#line {line} "{document}"\n{body}\n  co_return;\n}}\n')
    for number, line in _prose(text):
        for place, words in enumerate(_EXPRESSION.findall(line)):
            functions.append(f"void {name}_{number}_{place}() {{\n"
                             f'#line {number} "{document}"\n  (void)({_expression(words)});\n}}\n')
    return includes, functions


def unit(documents):
    """The source of a translation unit with all of it; `documents` are pairs of name and text."""
    includes, functions = {}, []
    for document, text in documents:
        found_includes, found_functions = fragments(document, text)
        includes.update(dict.fromkeys(found_includes))
        functions += found_functions
    return "\n".join(['#include "plimsoll/tests/readme/fragments.h"', *includes, "",
                      "namespace fragments {", "", *functions, "}  // namespace fragments", ""])


def main(output, *documents):
    try:
        read = [(f"docs/{pathlib.Path(each).name}", pathlib.Path(each).read_text(encoding="utf-8"))
                for each in sorted(documents)]
        pathlib.Path(output).write_text(unit(read), encoding="utf-8")
    except code_blocks.BadDocument as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main(*sys.argv[1:])

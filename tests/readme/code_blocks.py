#!/usr/bin/python3
"""Makes programs of the C++ in a document: code_blocks.py DOCUMENT PROGRAM.cc...

A block that begins with ```cpp is an example if it is one of these:

  a complete program, its first line "// example: NAME"; it takes the server's url as its argument;
  a coroutine `asio::awaitable<void> run()` and what it needs, which gets a main() and the usual
  includes, and the server's url for "valkey://127.0.0.1:6379". Its first line may name it too;
  else it is run_1, run_2... in their order.

Each is written to the PROGRAM.cc of its name; there has to be one for each, and an example for each
PROGRAM.cc. A block that is neither is an error, unless the line above it says why it is not meant to
be compiled: <!-- not compiled: REASON -->
"""

import pathlib
import re
import sys

ADDRESS = '"valkey://127.0.0.1:6379"'

_FENCE = re.compile(r"^```(.*)$")
_NAME = re.compile(r"^// example: ([a-z][a-z0-9_]*)$")
NOT_COMPILED = re.compile(r"^<!-- not compiled: .+ -->$")
_MAIN = re.compile(r"^int main\(", re.MULTILINE)
_RUN = re.compile(r"^asio::awaitable<void> run\(\)", re.MULTILINE)

_BEFORE_RUN = """\
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;

static std::string server_url;

"""

_AFTER_RUN = """

int main(int, char** argv) {
  server_url = argv[1];
  asio::io_context context;
  asio::co_spawn(context, run(), [](std::exception_ptr problem) {
    if (problem) std::rethrow_exception(problem);
  });
  context.run();
}
"""


class BadDocument(Exception):
    """Says where a document breaks the rules above."""


def blocks(text, languages=("cpp",)):
    """Yields (number of its first line, its text, the line above it) for each block of C++, or of `languages`."""
    lines = text.split("\n")
    begin = None
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if begin is None:
            begin, language = number, fence[1]
        else:
            if language in languages:
                above = lines[begin - 2] if begin > 1 else ""
                yield begin + 1, "\n".join(lines[begin:number - 1]), above
            begin = None


def _program(document, line, code):
    """The source of one example, or None where it is no example."""
    # So that the compiler's messages point into the document.
    code = f'#line {line} "{document}"\n{code}\n'
    if _MAIN.search(code):
        return code
    if _RUN.search(code):
        return _BEFORE_RUN + code.replace(ADDRESS, "server_url") + _AFTER_RUN
    return None


def programs(document, text):
    """A dictionary of the examples in the document's text: their sources by their names."""
    found = {}
    unnamed_count = 0
    for line, code, above in blocks(text):
        if NOT_COMPILED.match(above):
            continue
        source = _program(document, line, code)
        named = _NAME.match(code.split("\n", 1)[0])
        if source is None or (named is None and _MAIN.search(code)):
            raise BadDocument(f"{document}:{line}: this C++ is not compiled: expected "
                              "`// example: NAME` and a main(), or a coroutine run()")
        if named is None:
            unnamed_count += 1
        name = named[1] if named else f"run_{unnamed_count}"
        if name in found:
            raise BadDocument(f"{document}:{line}: a second example {name}")
        found[name] = source
    return found


def check_names(document, found, wanted):
    """The build has to know the names of all programs beforehand."""
    for name in found.keys() - wanted:
        raise BadDocument(f"{document} has the example {name}: add it to tests/readme/BUILD.bazel")
    for name in wanted - found.keys():
        raise BadDocument(f"{document} has no example {name}: drop it from tests/readme/BUILD.bazel")


def main(document, *outputs):
    outputs = {pathlib.Path(path).stem: pathlib.Path(path) for path in outputs}
    name = pathlib.Path(document).name
    try:
        found = programs(name, pathlib.Path(document).read_text(encoding="utf-8"))
        check_names(name, found, outputs.keys())
    except BadDocument as problem:
        sys.exit(str(problem))
    for example, path in outputs.items():
        path.write_text(found[example], encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

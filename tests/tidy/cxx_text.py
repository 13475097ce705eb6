"""C++ text without what is not code, so that rules do not stumble over comments and literals."""

import re

_COMMENT = r"//[^\n]*|/\*.*?\*/"
_RAW_STRING = r'R"(?P<fence>[^(\s]*)\(.*?\)(?P=fence)"'
_STRING = r'"(?:\\.|[^"\\\n])*"'
# A quote behind a digit or letter separates digits, as in 1'000.
_CHARACTER = r"(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'"

_NOT_CODE = re.compile("|".join((_COMMENT, _RAW_STRING, _STRING, _CHARACTER)), re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"][^>"\n]+[>"])', re.MULTILINE)


def _blank(text):
    """Spaces in place of all but line ends, so that what follows keeps its line and column."""
    return re.sub(r"[^\n]", " ", text)


def _without(text, is_dropped):
    return _NOT_CODE.sub(lambda m: _blank(m[0]) if is_dropped(m[0]) else m[0], text)


def code(text):
    """The text with comments and literals blanked."""
    return _without(text, lambda part: True)


def includes(text):
    """The included headers with their delimiters, each with its line: [("<new>", 3)]."""
    stripped = _without(text, lambda part: part.startswith("/"))
    return [(m[1], line_of(stripped, m.start(1))) for m in _INCLUDE.finditer(stripped)]


def line_of(text, position):
    return text.count("\n", 0, position) + 1

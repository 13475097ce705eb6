"""Who may include what. The build holds the direction by visibility and layering_check; this says
it in one place, and also for what the compiler finds by itself in /usr/include."""

import re

import cxx_text

# A room includes itself and rooms of a lower rank: those of the same rank do not know each other.
_RANKS = {
    "core/base": 0,
    "core/memory": 1,
    "core/resp": 2,
    "core/commands": 3,
    "core/cluster": 3.5,
    "core/cache": 4,
    "core/session": 4,
    "core/client": 5,
    "native": 6,
    "wasm": 6,
}

_STANDARD = set("""
    algorithm array atomic bit bitset cassert cctype cerrno cfloat charconv chrono cinttypes climits
    cmath compare concepts coroutine cstdarg cstddef cstdint cstdio cstdlib cstring functional
    initializer_list iterator limits memory mutex new numbers numeric optional random ranges ratio
    span string_view tuple type_traits typeinfo utility variant version
""".split())
# What a portable core includes besides the standard headers that open nothing and start nothing.
_ALSO_IN_CORE = {"<xxhash.h>", "<sanitizer/asan_interface.h>"}

_BOOST_ROOMS = ("bench/", "demo/", "examples/", "native/", "packaging/", "tests/")
_BOOST_NAME = re.compile(r"\bboost::")


def _room(path):
    """The room that a path of a file or of a header lies in, or None."""
    parts = path.split("/")
    if len(parts) == 1:
        return "native"  # "plimsoll/options.h": what users include
    room = "/".join(parts[:2]) if parts[0] == "core" else parts[0]
    return room if room in _RANKS else None


def direction(path, text):
    """rooms include only rooms below them"""
    room = _room(path)
    if room is None:
        if path.startswith("core/"):
            yield 1, "core/ has no such room"
        return
    for name, line in cxx_text.includes(text):
        if not name.startswith('"'):
            continue
        included = name.strip('"').removeprefix("plimsoll/")
        other = _room(included)
        if included == name.strip('"'):
            yield line, f'{name} is spelled "plimsoll/..."'
        elif other is None or (other != room and _RANKS[other] >= _RANKS[room]):
            yield line, f"{room} does not include {name}"


def portable_core(path, text):
    """core/ includes the C++ standard library without its files, clocks and threads, and xxHash"""
    if not path.startswith("core/"):
        return
    for name, line in cxx_text.includes(text):
        if name.startswith('"') or name in _ALSO_IN_CORE or name.strip("<>") in _STANDARD:
            continue
        yield line, f"core/ does not include {name}"


def no_clock_in_core(path, text):
    """core/ is told the time"""
    if not path.startswith("core/"):
        return
    code = cxx_text.code(text)
    for match in re.finditer(r"\b(?:steady|system|high_resolution)_clock\b", code):
        yield cxx_text.line_of(code, match.start()), f"{match[0]}: the time is an argument"


def boost_stays_out(path, text):
    """Boost is in native/, in programs, tests and packages alone"""
    if path.startswith(_BOOST_ROOMS):
        return
    for name, line in cxx_text.includes(text):
        if name.startswith("<boost/"):
            yield line, f"{name} has no place here"
    code = cxx_text.code(text)
    for match in _BOOST_NAME.finditer(code):
        yield cxx_text.line_of(code, match.start()), "boost:: has no place here"


def emscripten_stays_out(path, text):
    """Emscripten is known in wasm/ alone"""
    if path.startswith("wasm/"):
        return
    for name, line in cxx_text.includes(text):
        if name.startswith("<emscripten"):
            yield line, f"{name} has no place here"

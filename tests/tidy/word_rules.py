"""One word, one meaning: names and turns of phrase that this repository does not use any more.
docs/glossary.md says what its words mean."""

import re

import cxx_text

GLOSSARY = "docs/glossary.md"
TERMS_MAX = 40

_ROOMS = ("core/", "native/", "wasm/")

# Names that had a second meaning, each with what says it now.
_NAMES = [(re.compile(pattern), better) for pattern, better in (
    (r"\b[Ff]lights?_?\b", "fetch; a FlightRecorder records"),
    (r"\bLease\b|\blease_", "HeldConnection"),
    (r"\bown_(?:auth|proof|user|tag|count|requests)\w*|\w+_own\b", "internal"),
    (r"\bGrants?\b", "Authorization"),
    (r"\bfork_generation\b|\bgeneration_of\b", "fork_count, incarnation_of"),
    (r"\w*[Ff]igures\w*", "snapshot, statistics or usage"),
    (r"\b(?:tell|told)_\w+|\w+_(?:tell|told)_?\b", "deliver, report or log"),
    (r"\bin_line\w*|\w+_in_line\w*|\bpoll_line\b|\bjoin_line\b", "waiters"),
    (r"\w+_beside_?\b|\bbeside_\w+", "side"),
    (r"\bland\(", "complete_fetch"),
)]

# Turns that a reader has to read twice.
_TURNS = re.compile(r"\b(?:whoever|whosoever|for want of|of those who|is told of|are told of|"
                    r"but for|whence|thereof|wherein|somebody else's)\b", re.IGNORECASE)

_COMMENT = re.compile(r"//[^\n]*")


def one_meaning(path, text):
    """a name has one meaning: those that had two are not used any more"""
    if not path.startswith(_ROOMS):
        return
    code = cxx_text.code(text)
    for pattern, better in _NAMES:
        for found in pattern.finditer(code):
            yield cxx_text.line_of(code, found.start()), f"{found[0]} is not used: say {better}"


def plain_english(path, text):
    """comments say who does what, in plain English"""
    if not path.startswith(_ROOMS):
        return
    for comment in _COMMENT.finditer(text):
        for found in _TURNS.finditer(comment[0]):
            yield (cxx_text.line_of(text, comment.start()),
                   f'"{found[0]}" in a comment: say who does what')


def glossary_problems(text, paths):
    """What is wrong with the glossary: a word twice, too many, a file that is not there."""
    rows = [line for line in text.split("\n") if line.startswith("| ")][1:]
    words = [row.split("|")[1].strip() for row in rows]
    if len(words) > TERMS_MAX:
        yield f"{len(words)} terms, {TERMS_MAX} is the most"
    for word in sorted({word for word in words if words.count(word) > 1}):
        yield f"{word} stands there twice"
    for row in rows:
        if row.count("|") != 5:
            yield f"not four cells: {row}"
        for name in re.findall(r"`((?:core|native|wasm|js|tests|tools)/[^`]*)`", row):
            where = name.rstrip("/")
            if not any(path == where or path.startswith(where + "/") for path in paths):
                yield f"{name} is not there"

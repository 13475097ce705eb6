"""What docs/caching.md promises, and the tests that hold the cache to it."""

import re

DOCUMENT = "docs/caching.md"

_PROMISE = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| \[[^\]]+\]\(\.\./([^)]+)\) \|$", re.MULTILINE)
_TEXT_GOES_ON = re.compile(r'"\s*\n\s*"')


def section(document, heading):
    """The text below a heading of the second level."""
    _, _, rest = document.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


def problems(document, files):
    """Yields, of a document like DOCUMENT, each promise that no test holds, and each test that is
    not where its row says. `files`: text by path."""
    promised = _PROMISE.findall(section(document, "What is promised"))
    rows = _ROW.findall(section(document, "Which test holds which promise"))
    if promised != [str(number + 1) for number in range(len(promised))] or not promised:
        yield f"the promises are numbered {promised}"
    held = {number for number, _, _ in rows}
    for number in promised:
        if number not in held:
            yield f"promise {number} has no test"
    for number, name, path in rows:
        if number not in promised:
            yield f"there is no promise {number}, which {name} is to hold"
        if f'"{name}"' not in _TEXT_GOES_ON.sub("", files.get(path, "")):
            yield f"{path} has no \"{name}\""

"""The links of the documents, and the index of the site that is made of them (tools/site).

What is checked here is cheap: the markdown itself. `./dev docs --site --check` checks the pages that it becomes.
"""

import json
import posixpath
import re

INDEX = "tools/site/index.json"

_FENCED = re.compile(r"^( *)(```+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n)+", re.MULTILINE)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK_WITH_TEXT = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_ELSEWHERE = re.compile(r"[a-z]+:|//", re.IGNORECASE)


def _blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def anchors(text):
    """The anchors of a document's headings, as code hosts make them."""
    counts = {}
    for heading in _HEADING.findall(_FENCED.sub(_blank, text)):
        words = _LINK_WITH_TEXT.sub(r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        count = counts.get(name, 0)
        counts[name] = count + 1
        yield f"{name}-{count}" if count else name


def _links(text):
    """(line, link) for each link that is not in code."""
    for pattern in (_FENCED, _INDENTED, _CODE):
        text = pattern.sub(_blank, text)
    for match in _LINK.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1] or match[2]


def dead_links(documents, is_there):
    """What is wrong with the links of documents.

    Args:
      documents: their texts by their paths.
      is_there: whether the repository has a file or a folder with a path.
    """
    anchors_of = {path: set(anchors(text)) for path, text in documents.items()}
    for path, text in documents.items():
        for line, link in _links(text):
            if _ELSEWHERE.match(link):
                continue
            file, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
            if target.startswith("..") or not is_there(target):
                yield f"{path}:{line}: {link} leads to no file: expected one at {target}"
            elif anchor and target in anchors_of and anchor not in anchors_of[target]:
                yield f"{path}:{line}: {link} leads to no heading of {target}"


def index_problems(text, paths):
    """What is wrong with the site's index: a page that is not there, one twice, one of docs/ that is missing."""
    listed = [page for section in json.loads(text) for page in section["pages"]]
    for page in sorted({page for page in listed if listed.count(page) > 1}):
        yield f"{INDEX}: {page} stands there twice"
    for page in sorted(set(listed) - set(paths)):
        yield f"{INDEX}: {page} is not there"
    for path in sorted(paths):
        if re.fullmatch(r"docs/[^/]+\.md", path) and path not in listed:
            yield f"{INDEX}: {path} is in no section: add it where a reader wants it"

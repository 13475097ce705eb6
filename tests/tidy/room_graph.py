"""Who includes whom: no circle of units (a header and its source), and none of rooms (folders). The
same for the modules of the npm package."""

import posixpath
import re

import cxx_text

_TREES = ("core/", "native/", "wasm/")
_MODULES = "js/src/"
_IMPORT = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)\.js";', re.MULTILINE)


def _resolver(paths):
    """From an include's name to the path of the header: users' headers are named without a folder."""
    headers = {path for path in paths if path.endswith(".h")}
    by_name = {}
    for header in headers:
        by_name.setdefault(header.rsplit("/", 1)[1], []).append(header)

    def resolve(name):
        inner = name.strip('"').removeprefix("plimsoll/")
        if "/" in inner:
            return inner if inner in headers else None
        found = [header for header in by_name.get(inner, []) if header.startswith("native/")]
        return found[0] if len(found) == 1 else None

    return resolve


def _unit(path):
    return re.sub(r"\.(h|cc)$", "", path)


def _room(path):
    return path.rsplit("/", 1)[0]


def edges(files, node):
    """{node: nodes that it includes}; `files` are (path, text), `node` makes one of a path."""
    ours = {path: text for path, text in files
            if path.startswith(_TREES) and path.endswith((".cc", ".h"))}
    resolve = _resolver(ours)
    graph = {}
    for path, text in ours.items():
        found = graph.setdefault(node(path), set())
        for name, _ in cxx_text.includes(text):
            header = resolve(name) if name.startswith('"') else None
            if header is not None and node(header) != node(path):
                found.add(node(header))
    return graph


def circles(graph):
    """The sets of nodes that reach one another (Tarjan's strongly connected components)."""
    index, low, stack, found = {}, {}, [], []

    def visit(start):
        work = [(start, iter(sorted(graph.get(start, ()))))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = stack[stack.index(node):]
                    del stack[stack.index(node):]
                    if len(members) > 1:
                        found.append(sorted(members))
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                work.append((following, iter(sorted(graph.get(following, ())))))
            elif following in stack:
                low[node] = min(low[node], index[following])

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def unit_circles(files):
    return circles(edges(files, _unit))


def room_circles(files):
    return circles(edges(files, _room))


def module_circles(files):
    """Of modules that import one another, types included."""
    ours = {path: text for path, text in files
            if path.startswith(_MODULES) and path.endswith(".ts")}
    graph = {}
    for path, text in ours.items():
        imported = (posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) + ".ts"
                    for name in _IMPORT.findall(text))
        graph[path] = {other for other in imported if other in ours}
    return circles(graph)

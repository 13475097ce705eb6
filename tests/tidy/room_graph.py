"""Who includes whom: no circle of units (a header and its source), and none of rooms (folders)."""

import re

import cxx_text

_HOUSES = ("core/", "native/", "wasm/")


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
            if path.startswith(_HOUSES) and path.endswith((".cc", ".h"))}
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

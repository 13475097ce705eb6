"""The table that js/src/commands/table.ts reads: a line each method and form, in few bytes.

A line is name|words|shape|arguments, where `words` is empty if they follow from the name. Arguments
are in the order of the wire, apart by spaces:

  mark kind name :TOKEN *each >minimum =default @type (inner)

  mark   none: positional; "*" positional, may be undefined; "?" in the options; "+" there, and
         it picks this form among those of one name. Inside groups "?": may be missing.
  kind   k key, v text, i integer, r real, b bound, d Unix seconds, D Unix milliseconds, w seconds
         to wait, W milliseconds to wait, e enum, f flag, g group, c choice, x alternatives that are
         options; lists: K keys, V texts, I integers, R reals, P pairs, S columns, G groups,
         C choices; n the size of the list behind it, ! a word that is always sent.
  type   of an enum its line in `enums`, of groups and choices theirs in `types`.
"""

import json

from ts_model import camel_case

_KINDS = {
    "integer": "i", "seconds": "i", "milliseconds": "i", "real": "r", "bound": "b",
    "unix_seconds": "d", "unix_milliseconds": "D", "timeout_seconds": "w",
    "timeout_milliseconds": "W", "enum": "e", "group": "g", "choice": "c", "spread": "x",
    "integers": "I", "reals": "R", "pairs": "P", "streams": "S", "items": "G", "choices": "C",
    "numkeys": "n", "alternative": "a",
}


class Table:
    """The lines, while they are made."""

    def __init__(self, types):
        self._types = types
        self._enums, self._inner = [], []

    def text(self, methods, shape_of):
        """The parts as TypeScript; `shape_of` a reply: the name of its shape, or ""."""
        lines = [self._line(method, form, shape_of)
                 for method in methods for form in method.forms]
        return "".join(f"\nconst {name} = `{_quoted(part)}`;\n" for name, part in (
            ("enums", "\n".join(self._enums)), ("types", "\n".join(self._inner)),
            ("rows", "\n".join(lines))))

    def _line(self, method, form, shape_of):
        words = " ".join(form.builder.command.words)
        given = "" if words == words_of(method.name) else words
        nodes = " ".join(self._node(node, _mark(node, form)) for node in form.nodes)
        return f"{method.name}|{given}|{shape_of(form.reply)}|{nodes}"

    def _node(self, node, mark):
        if node.kind == "token" and not node.optional:
            return "!" + node.token
        name = camel_case(node.cxx) if node.kind != "spread" else ""
        parts = [mark, _kind(node), name if node.kind != "numkeys" else ""]
        if node.token is not None:
            parts.append(f":{node.token}{'*' if node.token_each else ''}")
        if node.minimum is not None:
            parts.append(f">{node.minimum}")
        if node.default is not None:
            parts.append(f"={node.default}")
        if node.kind == "enum":
            parts.append(f"@{_place(self._enums, self._enum(node))}")
        elif node.kind in ("spread", "alternative"):
            parts.append(f"({self._fields(node)})")
        elif node.fields:
            parts.append(f"@{_place(self._inner, self._fields(node))}")
        return "".join(parts)

    def _fields(self, node):
        return " ".join(self._node(field, "?" if field.optional else "") for field in node.fields)

    def _enum(self, node):
        words = [(camel_case(word), token) for word, token in self._types[node.type].fields]
        return " ".join(token if word == token.lower() else f"{word}:{token}"
                        for word, token in words)


def words_of(name):
    """"CONFIG GET" for "configGet": what table.ts takes where a line has no words."""
    return "".join(" " + each if each.isupper() else each for each in name).upper()


def _mark(node, form):
    if node.kind == "numkeys" or (node.kind == "token" and not node.optional):
        return ""
    if any(node is each for each in form.positional):
        return "*" if node.optional else ""
    return "+" if any(node is each for each in form.picked_by) else "?"


def _kind(node):
    if node.kind == "token":
        return "f"
    if node.kind in ("text", "texts"):
        kind = "k" if node.is_key else "v"
        return kind if node.kind == "text" else kind.upper()
    return _KINDS[node.kind]


def _place(lines, line):
    if line not in lines:
        lines.append(line)
    return lines.index(line)


def _quoted(text):
    return json.dumps(text)[1:-1].replace("\\n", "\n").replace('\\"', '"').replace("`", "\\`")

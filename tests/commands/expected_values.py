"""What decode() makes of a reply that an example shows, where that follows from the reply."""

import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\[\]{},:"\s][^\[\]{},:"]*')
_SCALARS = ("integer", "int64", "double", "bool", "text")


def expected_value(type_, reply):
    """As decoded_text.h has it; None where an example must say it itself: structs, for one."""
    if "…" in reply:
        return "…"
    try:
        return _value(type_, _parsed(reply))
    except KeyError:
        return None


def _parsed(reply):
    tokens = _TOKEN.findall(reply)
    value, rest = _item(tokens)
    if rest:
        raise ValueError(f"what is {' '.join(rest)} in {reply}?")
    return value


def _item(tokens):
    """A token, or a list of items; keys and values of a map are in turn."""
    first, tokens = tokens[0], tokens[1:]
    if first not in "[{":
        return first, tokens
    items = []
    while tokens[0] not in "]}":
        item, tokens = _item(tokens)
        items.append(item)
        if tokens[0] in ",:":
            tokens = tokens[1:]
    return items, tokens[1:]


def _value(type_, item):
    inner = re.fullmatch(r"(optional|list)<(.*)>|map<text,(.*)>", type_)
    if inner is None:
        return _scalar(type_, item)
    if inner[1] == "optional":
        return "none" if item == "null" else _value(inner[2], item)
    if inner[1] == "list":
        return f"[{', '.join(_value(inner[2], each) for each in item)}]"
    pairs = zip(item[::2], item[1::2])
    return "{" + ", ".join(f"{key}: {_value(inner[3], each)}" for key, each in pairs) + "}"


def _scalar(type_, item):
    if type_ not in _SCALARS:
        raise KeyError(type_)
    if type_ == "text":
        return item if item.startswith('"') else f'"{item}"'
    if type_ == "bool":
        return {"0": "false", "1": "true"}[item]
    return item.strip('"')

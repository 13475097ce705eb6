"""The tree of a command's arguments, as the server gave it and arguments.toml changed it, cut down to
what one form of the command has."""

import dataclasses

from command_data import DataError
from naming import plural, snake

_SCALARS = {
    "string": "text", "key": "text", "pattern": "text", "text": "text",
    "integer": "integer", "double": "real", "real": "real", "bound": "bound",
    "seconds": "seconds", "milliseconds": "milliseconds",
    "unix_seconds": "unix_seconds", "unix_milliseconds": "unix_milliseconds",
}
_DURATIONS = {"seconds": "seconds", "milliseconds": "milliseconds", "ms": "milliseconds",
              "timeout": "milliseconds"}
_CHANGES = ("name", "type", "minimum", "default", "struct", "optional", "arguments", "options")


@dataclasses.dataclass
class Argument:
    """One argument of the tree."""
    name: str  # the server's
    cxx: str
    kind: str  # a scalar of _SCALARS, or token, oneof, block, timeout_seconds, timeout_milliseconds
    token: str = None
    optional: bool = False
    multiple: bool = False
    token_each: bool = False
    minimum: int = None
    default: str = None
    struct: str = None
    in_options: bool = False
    inner: list = dataclasses.field(default_factory=list)
    is_key: bool = False


class Changes:
    """What arguments.toml says of one command; knows which of its rows were of use."""

    def __init__(self, command, rows):
        self._command = command
        self.undocumented = rows.get("undocumented", [])  # what the server does not tell
        self._rows = {path: row for path, row in rows.items() if path != "undocumented"}
        self._unused = set(self._rows)

    def of(self, path):
        """The changes to the argument at `path`, a list of names."""
        for key in (".".join(path), ".".join(path[-2:]), path[-1]):
            if key in self._rows:
                self._unused.discard(key)
                return self._rows[key]
        return {}

    def check_used(self):
        """DataError where a row speaks of no argument, or with an unknown key."""
        for key, row in self._rows.items():
            for word in row:
                if word not in _CHANGES:
                    raise DataError(f"[{self._command}.{key}] in arguments.toml: unknown key {word}")
        if self._unused:
            raise DataError(f"[{self._command}.{min(self._unused)}] in arguments.toml: the command "
                            "has no such argument")


def tree(command, changes):
    """[Argument] of a Command, with all that it can have."""
    timeout = command.kept.get("timeout", {})
    built = [_build(served, [], changes)
             for served in changes.undocumented or command.served.get("arguments", [])]
    for argument in built:
        if argument.name == timeout.get("argument"):
            argument.kind = "timeout_" + timeout["unit"]
    return built


def _build(served, path, changes):
    path = path + [served["name"]]
    change = changes.of(path)
    flags = served.get("flags", [])
    kind = _kind(served, change)
    multiple = "multiple" in flags
    inner = [_build(row, path, changes)
             for row in change.get("arguments", served.get("arguments", []))]
    cxx = snake(change["name"]) if "name" in change else _cxx_name(served["name"], multiple, inner)
    return Argument(
        name=served["name"], cxx=cxx, kind=kind, token=served.get("token"),
        optional=change.get("optional", "optional" in flags), multiple=multiple,
        token_each="multiple_token" in flags,
        minimum=change.get("minimum", served.get("minimum")), default=change.get("default"),
        struct=change.get("struct"), in_options=change.get("options", False),
        inner=[] if kind in _SCALARS.values() else inner, is_key=served["type"] == "key")


def _kind(served, change):
    name, kind = served["name"], change.get("type", served["type"])
    if kind == "pure-token":
        return "token"
    if kind in ("oneof", "block"):
        return kind
    if kind == "unix-time":
        return "unix_milliseconds" if "milliseconds" in name else "unix_seconds"
    if kind == "integer" and "type" not in change and name in _DURATIONS:
        return _DURATIONS[name]
    if kind not in _SCALARS:
        raise DataError(f"the argument {name!r} has the unknown type {kind!r}")
    return _SCALARS[kind]


def _cxx_name(name, multiple, inner):
    if not multiple:
        return snake(name)
    if inner and name == "data":
        return "pairs" if inner[0].name == "key" else plural(snake(inner[0].name))
    return plural(snake(name))


def cut(arguments, without, require):
    """The arguments that a form has: some are gone, some that were optional are always there."""
    return [cut_one for argument in arguments
            for cut_one in _cut(argument, set(without), set(require))]


def _cut(argument, without, require, is_alternative=False):
    if argument.name in without:
        return []
    inner = [part for each in argument.inner
             for part in _cut(each, without, require, argument.kind == "oneof")]
    optional = argument.optional and not _names(argument) & require
    one = dataclasses.replace(argument, inner=inner, optional=optional)
    if one.kind == "oneof" and not one.token and len(inner) == 1:
        return [dataclasses.replace(inner[0], optional=one.optional or inner[0].optional)]
    if one.kind == "oneof" and inner and all(part.optional for part in inner):
        return inner  # any of these, each once
    if one.kind == "block" and not (one.optional or one.multiple or is_alternative):
        return _flat(one)
    return [one]


def _names(argument):
    return {argument.name}.union(*(_names(part) for part in argument.inner))


def _flat(block):
    parts = list(block.inner)
    if any(part.multiple for part in parts) and sum(part.multiple for part in parts) == 2:
        return [block]  # two lists of the same length: given as pairs
    if block.token is not None:
        parts.insert(0, Argument(block.token, "", "token", token=block.token))
    return parts

"""From the tree of a form's arguments to C++: types, and the parameters of its builder."""

import dataclasses

from command_data import DataError
from naming import camel, plural, snake

# kind: (type in a signature, type of a field)
SCALAR_TYPES = {
    "text": "std::string_view",
    "integer": "std::int64_t",
    "real": "double",
    "seconds": "std::chrono::seconds",
    "milliseconds": "std::chrono::milliseconds",
    "unix_seconds": "std::chrono::sys_seconds",
    "unix_milliseconds": "std::chrono::sys_time<std::chrono::milliseconds>",
    "timeout_seconds": "Duration",
    "timeout_milliseconds": "std::chrono::milliseconds",
    "bound": "Bound",
}
LIST_ITEMS = {"texts": "std::string_view", "pairs": "ArgumentPair", "streams": "ArgumentPair",
              "integers": "std::int64_t", "reals": "double"}


@dataclasses.dataclass
class Node:
    """A piece of a command on the wire: a literal, or what a caller gives."""
    kind: str  # of SCALAR_TYPES or LIST_ITEMS; token, enum, choice, group, items, choices, numkeys
    cxx: str = ""
    token: str = None
    optional: bool = False
    token_each: bool = False
    minimum: int = None
    default: str = None
    type: str = None  # the name of an enum, choice, group or item
    fields: list = dataclasses.field(default_factory=list)
    in_options: bool = False
    may_be_empty: bool = False  # a list that the command does without
    counted: str = None  # numkeys: the name of the list whose size it is
    is_key: bool = dataclasses.field(default=False, compare=False)  # a text: it names a key

    @property
    def is_list(self):
        return self.kind in LIST_ITEMS or self.kind in ("items", "choices")

    @property
    def item(self):
        """The type of a list's items."""
        return LIST_ITEMS.get(self.kind, self.type)

    @property
    def is_given(self):
        """Whether a caller says something about it."""
        return self.kind != "numkeys" and not (self.kind == "token" and not self.optional)

    def value_type(self):
        """What the caller gives, were it not optional."""
        if self.kind == "token":
            return "bool"
        if self.is_list:
            return f"std::span<const {self.item}>"
        return SCALAR_TYPES.get(self.kind, self.type)


@dataclasses.dataclass
class Type:
    """A C++ type that the generator makes."""
    name: str
    kind: str  # enum, group (a struct, also the items of lists), choice, options
    fields: list  # enum: [(enumerator, token)]; else [Node]
    command: str


@dataclasses.dataclass
class Builder:
    """One C++ function: a form of a command."""
    command: object
    form: object
    nodes: list  # in the order of the wire
    required: list  # parameters, in the order of the signature
    droppable: list  # more of them, which may be left out from the end
    options: object  # a Type, or None

    @property
    def name(self):
        return snake(self.form.name)

    @property
    def least_arguments(self):
        """What the server wants behind the name."""
        return abs(self.command.served["arity"]) - len(self.command.words)


class Types:
    """All types, each after those that it is made of."""

    def __init__(self, names):
        self._enums = names.get("enums", {})
        self._structs = names.get("structs", {})
        self.all = {}

    def enum(self, argument, command):
        tokens = [part.token for part in argument.inner]
        row = self._enums.get(" ".join(tokens), {})
        name = argument.struct or row.get("name", _type_name(command, argument.cxx))
        words = row.get("enumerators", [part.cxx for part in argument.inner])
        return self.add(Type(name, "enum", list(zip(words, tokens)), command.name))

    def struct(self, argument, fields, command):
        signature = " ".join(_signature(field) for field in fields)
        singular = argument.cxx if not argument.multiple else argument.name
        name = (argument.struct or self._structs.get(signature)
                or _type_name(command, singular))
        return self.add(Type(name, "group", fields, command.name))

    def add(self, made):
        """The name of the type; DataError where another one has it."""
        known = self.all.setdefault(made.name, made)
        if (known.kind, known.fields) != (made.kind, made.fields):
            raise DataError(f"{made.command} and {known.command} have different types that are "
                            f"both called {made.name}: name one in arguments.toml")
        return made.name


def _type_name(command, cxx):
    return camel(command.name.lower().replace("|", "-")) + camel(cxx.replace("_", "-"))


def _signature(node):
    return ":".join(part for part in (node.token, node.cxx.replace("_", "-"), node.kind) if part)


def builder_of(command, form, arguments, types):
    """The Builder of a form that has these arguments."""
    nodes = [node for argument in arguments for node in _lower(argument, command, types)]
    _bind_counts(nodes, command)
    required = [n for n in nodes if n.is_given and not n.optional and n.default is None]
    optional = [n for n in nodes if n.is_given and (n.optional or n.default is not None)]
    if not optional or _are_droppable(optional):
        return Builder(command, form, nodes, required, optional, None)
    for node in optional:
        node.in_options = True
    name = camel(form.name.replace("_", "-")) + "Options"
    options = Type(name, "options", optional, command.name)
    if name in types.all and types.all[name].fields != optional:
        options.name = camel("-".join([form.name.replace("_", "-"), *form.require])) + "Options"
    types.add(options)
    return Builder(command, form, nodes, required, [], options)


def _are_droppable(optional):
    if any(node.in_options or node.default is not None for node in optional):
        return False
    if all(node.is_list and node.token is None for node in optional):
        return True
    return len(optional) == 1 and optional[0].kind != "token"


def _lower(argument, command, types):
    node = Node(argument.kind, argument.cxx, argument.token, argument.optional,
                argument.token_each, argument.minimum, argument.default,
                in_options=argument.in_options, is_key=argument.is_key)
    if argument.name == "numkeys":
        node.kind = "numkeys"
    elif argument.kind == "oneof":
        return [_lower_oneof(argument, node, command, types)]
    elif argument.kind == "block":
        return [_lower_block(argument, node, command, types)]
    elif argument.multiple:
        node.kind = {"text": "texts", "integer": "integers", "real": "reals"}[argument.kind]
    return [node]


def _lower_oneof(argument, node, command, types):
    if all(part.kind == "token" for part in argument.inner):
        node.kind, node.type = "enum", types.enum(argument, command)
        return node
    fields = []
    for part in argument.inner:
        lowered = _lower_alternative(part, command, types)
        fields.append(lowered)
    name = argument.struct or _type_name(command, argument.cxx)
    node.kind = "choices" if argument.multiple else "choice"
    node.type = types.add(Type(name, "choice", fields, command.name))
    node.fields = fields
    return node


def _lower_alternative(part, command, types):
    """A Node of kind "alternative": a named factory with its parameters in `fields`."""
    inner = part.inner if part.kind == "block" else [dataclasses.replace(part, token=None)]
    fields = [node for each in inner for node in _lower(each, command, types)]
    if part.kind == "token":
        fields = []
    return Node("alternative", part.cxx, part.token, fields=fields)


def _lower_block(argument, node, command, types):
    fields = [each for part in argument.inner for each in _lower(part, command, types)]
    if [f.kind for f in fields] == ["texts", "texts"] and not argument.multiple:
        node.kind, node.cxx = "streams", "streams"
        return node
    if argument.multiple and [f.kind for f in fields] == ["text", "text"]:
        node.kind = "pairs"
        return node
    node.fields = fields
    node.kind = "items" if argument.multiple else "group"
    node.type = types.struct(argument, fields, command)
    return node


def _bind_counts(nodes, command):
    for node, following in zip(nodes, nodes[1:] + [None]):
        if node.kind == "numkeys":
            if following is None or not following.is_list:
                raise DataError(f"{command.name}: numkeys is not followed by keys")
            node.counted = following.cxx
            if following.optional and not plural(following.cxx):
                raise DataError(f"{command.name}: unnamed keys")

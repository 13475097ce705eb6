"""The methods of commands in TypeScript, out of the same builders as the C++ functions.

Names: a method is called as the C++ function, in camelCase. Commands of one word are thus in lower
case (`hgetall`), subcommands and forms have capitals inside, also between the words that the server
writes in one (`configGet`, `zrangeWithScores`, `xgroupCreateConsumer`), as in GLIDE and node-redis.

Arguments: what is always given is positional, in the order of the wire. A list, or a text without
a word before it, that the command may do without is positional too, behind those, and may be left
undefined. All else that is optional is in the options, the last parameter, with what any call may
be told (CallOptions). Forms that share a name are one method: an option picks the form.

What is given: a key is a string or bytes, any other text a number as well. Of several items an
array or a Set is given, or one alone; of pairs an object, a Map, or an array of pairs. A group of
arguments is an object, or its first part alone where the others may be missing. One of several
alternatives is a word, or an object with one property. Words are the C++ enumerators in camelCase.
"""

import dataclasses
import re

from command_data import DataError
from cxx_surface import is_offered
from shapes import Node

# Subcommands and tokens of several words. Commands stay as they are: hgetall.
_WORDS = {word.lower(): word for word in """
    AddSlots AddSlotsRange BumpEpoch CountKeysInSlot CreateConsumer DelConsumer DelSlots
    DelSlotsRange DelUser DryRun FlushSlots GenPass GetKeys GetKeysAndFlags GetKeysInSlot
    GetName GetRedir GetUser IdleTime JustId KeySlot MyId MyShardId NoMkStream NoScores NoValues
    NumPat NumSub RefCount ResetStat SaveConfig SetId SetSlot SetUser ShardChannels ShardNumSub
    TrackingInfo WhoAmI WithScore WithScores WithValues
""".split()}

_CALL_OPTIONS = ("as", "signal", "timeout", "maxStaleness")


@dataclasses.dataclass
class Form:
    """A row of the table: what is sent, and what the reply becomes."""
    builder: object
    nodes: list  # [Node], in the order of the wire
    positional: list  # of these, in the order of the signature
    picked_by: list  # those in the options that are always given, which pick this form
    reply: str

    @property
    def options(self):
        """What may be in the options, those that come in place of one in a row."""
        flat = []
        for node in self.nodes:
            if is_spread(node):
                flat += node.fields
            elif node.is_given and not _is_among(node, self.positional):
                flat.append(node)
        return flat


@dataclasses.dataclass
class Method:
    """What users call."""
    name: str
    forms: list

    @property
    def command(self):
        return self.forms[0].builder.command


def camel_case(snake):
    """"configGet" for "config_get"."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), snake.strip("_"))


def method_name(snake):
    """"zrangeWithScores" for "zrange_withscores"."""
    first, *others = snake.strip("_").split("_")
    return first + "".join(_WORDS.get(word, word.capitalize()) for word in others)


def is_spread(node):
    """Whether it is a choice whose alternatives are options."""
    return node.kind == "spread"


def methods_of(builders, types, changes):
    """[Method], sorted by name; `types` are by name, `changes` what typescript.toml has."""
    by_name = {}
    for builder in builders:
        if is_offered(builder.command):
            by_name.setdefault(method_name(builder.name), []).append(builder)
    methods = [Method(name, _forms(name, of_name, types, changes))
               for name, of_name in sorted(by_name.items())]
    _check_used(methods, builders, types, changes)
    return methods


def _check_used(methods, builders, types, changes):
    """DataError where typescript.toml speaks of what there is not."""
    known = {
        "sets": {_picked_name(method.name, form.picked_by)
                 for method in methods for form in method.forms},
        "spread": types, "expiries": types,
        "names": {f"{builder.name} {node.cxx}" for builder in builders for node in builder.nodes},
    }
    for what, names in changes.items():
        for name in names:
            if name not in known.get(what, ()):
                raise DataError(f"{what} in typescript.toml: there is no {name}")


def _picked_name(name, picked_by):
    return " ".join([name, *(node.cxx for node in picked_by)])


def _forms(name, builders, types, changes):
    forms = []
    known = {node.cxx for node in builders[0].required}
    for builder in builders:
        picking = {node.cxx for node in builder.required} - known
        if forms and not picking:
            forms.clear()  # it can do all that the one before it can
        forms.append(_form(name, builder, picking, types, changes))
    return forms


def _form(name, builder, picking, types, changes):
    changed = [(node, _spread(_renamed(node, builder, changes), types, changes))
               for node in builder.nodes]
    given = [(node, new) for node, new in changed if _is_among(node, builder.required)]
    required = [new for node, new in given if node.cxx not in picking]
    picked_by = [new for node, new in given if node.cxx in picking]
    nodes = [new for _, new in changed]
    late = [] if builder.options else [node for node in nodes if _is_late(node)]
    form = Form(builder, nodes, required + late, picked_by, builder.form.reply)
    for node in form.options:
        if camel_case(node.cxx) in _CALL_OPTIONS:
            raise DataError(f"{builder.name}: the option {node.cxx} has a name that every call "
                            "has: see [names] in typescript.toml")
    if _picked_name(name, picked_by) in changes["sets"]:
        form.reply = form.reply.replace("list<", "set<")
    return form


def _is_among(node, nodes):
    return any(node is each for each in nodes)


def _is_late(node):
    return node.optional and (node.is_list or (node.kind == "text" and node.token is None))


def _renamed(node, builder, changes):
    name = changes["names"].get(f"{builder.name} {node.cxx}")
    return dataclasses.replace(node, cxx=name) if name else node


def _spread(node, types, changes):
    if node.optional and node.type in changes["expiries"]:
        fields = [Node(row["type"], name, row["token"], True, minimum=row.get("minimum"))
                  for name, row in changes["expiries"][node.type].items()]
    elif node.optional and node.type in changes["spread"]:
        fields = [Node("token", word, token, True) for word, token in types[node.type].fields]
    else:
        return node
    return Node("spread", node.cxx, optional=True, fields=fields)

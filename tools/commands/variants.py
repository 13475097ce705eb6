"""The C++ functions of a builder: with and without what may be left out."""

import dataclasses

from shapes import Node


@dataclasses.dataclass
class Variant:
    """One overload: its pieces in the order of the wire, and its parameters."""
    builder: object
    nodes: list
    parameters: list  # [Node], in the order of the signature
    options: object  # a Type, or None

    @property
    def name(self):
        return self.builder.name

    @property
    def is_simple(self):
        """Fixed words and at most one list behind them: no copy of anything is needed."""
        for place, node in enumerate(self.nodes):
            is_last = place == len(self.nodes) - 1
            if node.kind == "token" and not node.optional:
                continue
            if node.kind == "text" and not node.optional and node.default is None:
                continue
            if is_last and node.kind in ("texts", "pairs") and not node.token:
                continue
            return False
        return self.options is None

    def key(self):
        """What tells overloads apart."""
        kinds = [node.value_type() for node in self.parameters]
        return (self.name, *kinds, self.options.name if self.options else None)


def least_words(nodes):
    """How many words these pieces are at least."""
    return sum(_least_words(node) for node in nodes
               if not (node.optional or node.may_be_empty))


def _least_words(node):
    if node.kind in ("token", "numkeys"):
        return 1
    own = 0 if node.token is None else 1
    if node.kind in ("group", "items", "alternative"):
        return own + least_words(node.fields)
    if node.kind == "choice":
        return own + min(_least_words(each) for each in node.fields)
    return own + (2 if node.kind in ("pairs", "streams") else 1)


def variants_of(builder):
    """[Variant] of one builder, those with the fewest parameters first."""
    required, droppable = builder.required, builder.droppable
    made = []
    if builder.options:
        plain = _settled(builder.nodes, [], builder.options.fields)
        if least_words(plain) >= builder.least_arguments:
            made.append(Variant(builder, plain, required, None))
        made.append(Variant(builder, builder.nodes, required, builder.options))
        return made
    for count in range(len(droppable) + 1):
        given = droppable[:count]
        nodes = _settled(builder.nodes, given, droppable)
        parameters = list(required) + [_always(node) for node in given]
        made.append(Variant(builder, nodes, parameters, None))
    return made


def without_clashes(variants):
    """Those variants that no earlier one hides."""
    seen, kept = set(), []
    for variant in variants:
        if variant.key() not in seen:
            seen.add(variant.key())
            kept.append(variant)
    return kept


def _always(node):
    return dataclasses.replace(node, optional=False, may_be_empty=node.is_list)


def _settled(nodes, given, optional):
    """`nodes` with those of `optional` that are `given` always there, and without the rest."""
    out = []
    for node in nodes:
        if not any(node is one for one in optional):
            out.append(_with_count(node, nodes, given, optional))
        elif any(node is one for one in given):
            out.append(_always(node))
        elif node.default is not None:
            out.append(Node("token", token=node.default))
    return out


def _with_count(node, nodes, given, optional):
    if node.kind != "numkeys":
        return node
    counted = next(each for each in nodes if each.cxx == node.counted and each.is_list)
    is_gone = (any(counted is one for one in optional)
               and not any(counted is one for one in given))
    return Node("token", token="0") if is_gone else node

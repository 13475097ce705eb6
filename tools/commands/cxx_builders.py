"""core/commands/builders.h and the bodies of what is not written there."""

from cxx_table import number_name
from cxx_types import BANNER, choice_parameters, parameter_type, wrapped
from variants import least_words

_HEADER_HEAD = BANNER + """
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command.h"
#include "plimsoll/core/commands/composed.h"
#include "plimsoll/core/commands/options.h"
#include "plimsoll/core/commands/row_numbers.h"

// A function for each command and each of its forms. What a function returns refers to its
// arguments, so submit it in the same expression. If it has a status(), check that first: it fails
// if the arguments make no valid command. docs/commands.md says what the commands do.

namespace plimsoll::inline v0::commands {

"""

_SOURCE_HEAD = BANNER + """
#include "plimsoll/core/commands/builders.h"
#include "plimsoll/core/commands/tokens.h"
#include "plimsoll/core/commands/walks.h"

namespace plimsoll::inline v0::commands {

"""

_TAIL = "\n}  // namespace plimsoll::inline v0::commands\n"


def builders_header(variants):
    lines = [_simple(v) if v.is_simple
             else wrapped(f"Composed {v.name}(", _parameters(v), ");\n") for v in variants]
    return _HEADER_HEAD + "".join(lines) + _TAIL


def builders_source(variants):
    return _SOURCE_HEAD + "\n".join(_body(v) for v in variants if not v.is_simple) + _TAIL


def _parameters(variant):
    out = [f"{parameter_type(node)} {node.cxx}" for node in variant.parameters]
    if variant.options:
        out.append(f"const {variant.options.name}& options")
    return out


def _effect(variant):
    name = "read" if variant.builder.command.reads else "unknown"
    return f"CommandView::Effect::{name}"


def _number(variant):
    return f"row_numbers::{number_name(variant.builder.command)}"


def _bulk(word):
    return f"${len(word)}\\r\\n{word}\\r\\n"


def _literal(text):
    """(the literal, how many bytes it has)"""
    size = len(text.replace("\\r", "r").replace("\\n", "n"))
    return f'{{"{text}", {size}}}'


def _simple(variant):
    words = variant.builder.command.words
    nodes = list(variant.nodes)
    tail = nodes.pop() if nodes and nodes[-1].is_list else None
    args = []
    for node in nodes:
        if node.token is not None:
            args.append(f'"{node.token}"')
        if node.kind != "token":
            args.append(node.cxx)
    head = "".join(_bulk(word) for word in words)
    if tail is None:
        head = f"*{len(words) + len(args)}\\r\\n" + head
    fields = [f".head = {_literal(head)}"]
    if len(words) > 1:
        fields.append(f".head_parts = {len(words)}")
    if variant.builder.command.reads:
        fields.append(".effect = reads")
    fields.append(f".row = {_number(variant)}")
    if args:
        fields.append(f".args = {{{', '.join(args)}}}")
    if tail is not None:
        fields.append(f".{'more_args' if tail.kind == 'texts' else 'pairs'} = {tail.cxx}")
    kind, begin, end = "Command", "{", "}"
    if tail is not None and tail.may_be_empty:
        kind = "OpenCommand"
    elif tail is not None:
        kind, begin, end = "ListCommand", "{{", "}}"
    return (wrapped(f"inline {kind}<{len(args)}> {variant.name}(", _parameters(variant), ") {\n")
            + wrapped(f"  return {begin}", fields, f"{end};\n}}\n"))


def _body(variant):
    words = variant.builder.command.words
    head = _literal("".join(_bulk(word) for word in words))
    lines = [wrapped(f"Composed {variant.name}(", _parameters(variant), ") {"),
             f"  Composed c({head}, {len(words)}, {_number(variant)}, {_effect(variant)});"]
    in_options = set()
    if variant.options:
        in_options = {id(node) for node in variant.options.fields}
    for node in variant.nodes:
        expression = ("options." if id(node) in in_options else "") + node.cxx
        lines += _statements(node, expression, variant)
    wanted = variant.builder.least_arguments
    if least_words(variant.nodes) < wanted:
        lines.append(f"  c.needs({len(words) + wanted});")
    lines += ["  return c;", "}\n"]
    return "\n".join(lines)


def _statements(node, value, variant=None):
    """What puts one node on the wire; `value` is what the caller gave for it."""
    if node.kind == "token":
        put = f'c.word("{node.token}");'
        return [f"  if ({value}) {put}" if node.optional else f"  {put}"]
    if node.kind == "numkeys":
        counted = next(each for each in variant.nodes if each.cxx == node.counted and each.is_list)
        return [f"  c.integer(static_cast<std::int64_t>({counted.cxx}.size()));"]
    if node.is_list:
        return _list_statements(node, value)
    if node.optional:
        inner = _value(node, f"*{value}" if node.kind != "group" else f"{value}->")
        return [f"  if ({value}) {{", *("  " + line for line in inner), "  }"]
    return _value(node, value if node.kind != "group" else f"{value}.")


def _value(node, value):
    lines = [f'  c.word("{node.token}");'] if node.token is not None else []
    if node.minimum is not None:
        number = value if node.kind == "integer" else f"({value}).count()"
        lines.append(f'  c.at_least({node.minimum}, {number}, "{node.cxx} is too small", '
                     f'"{node.minimum} or more");')
    return lines + _put(node, value)


def _put(node, value):
    kind = node.kind
    if kind == "group":
        return [line for field in node.fields for line in _statements(field, value + field.cxx)]
    direct = {"text": "word", "integer": "integer", "real": "real", "bound": "bound",
              "choice": "choice", "timeout_seconds": "wait_seconds",
              "timeout_milliseconds": "wait_milliseconds"}
    if kind in direct:
        return [f"  c.{direct[kind]}({value});"]
    if kind == "enum":
        return [f"  c.word(token({value}));"]
    if kind in ("seconds", "milliseconds"):
        return [f"  c.integer(({value}).count());"]
    return [f"  c.integer(({value}).time_since_epoch().count());"]


def _list_statements(node, value):
    lines = []
    direct = {"texts": "texts", "pairs": "pairs", "streams": "columns", "integers": "integers",
              "reals": "reals"}
    if node.kind in direct and not node.token_each:
        put = f"c.{direct[node.kind]}({value});"
    else:
        put = f"{walk_name(node)}(c, {value});"
    if not node.optional and not node.may_be_empty:
        lines.append(f'  if ({value}.empty()) c.refuse("{node.cxx} is empty", "one or more");')
    if node.token is None or node.token_each:
        return lines + [f"  {put}"]
    if node.optional:
        return lines + [f"  if (!{value}.empty()) {{", f'    c.word("{node.token}");',
                        f"    {put}", "  }"]
    return lines + [f'  c.word("{node.token}");', f"  {put}"]


def walk_name(node):
    """The function that puts such a list, made by lists_of()."""
    item = {"texts": "texts", "pairs": "pairs"}.get(node.kind, node.type)
    return f"put_{item}_after_{node.token.lower()}" if node.token_each else f"put_{item}"


def walks_header(lists):
    """Functions that put lists of structs, and lists with a token before each item."""
    parts = [BANNER + """
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/composed.h"
#include "plimsoll/core/commands/options.h"

// Functions that turn the lists of builders into words.

namespace plimsoll::inline v0::commands {
"""]
    for node in lists:
        parts.append(_walk(node))
    return "".join(parts) + _TAIL


def lists_of(variants):
    """A node for each list that needs a function of its own."""
    found = {}
    for variant in variants:
        for node in variant.nodes:
            if node.is_list and (node.token_each or node.kind in ("items", "choices")):
                found.setdefault(walk_name(node), node)
    return [found[name] for name in sorted(found)]


def _walk(node):
    lines = [f"\ninline void {walk_name(node)}(Composed& c, std::span<const {node.item}> items) {{"]
    for field in node.fields:
        if field.kind == "real":
            lines.append(f"  for (const {node.item}& item : items) c.check_real(item.{field.cxx});")
    if node.kind == "choices":
        lines += ["  std::size_t parts = 0;",
                  f"  for (const {node.item}& item : items) {{",
                  "    if (item.refusal()) c.refuse(item.refusal()->what, item.refusal()->expected);",
                  "    parts += item.words().size();", "  }"]
        parts, body = "parts", ["for (std::string_view word : item.words()) sink(word);"]
    else:
        body = _walk_body(node)
        parts = f"items.size() * {len(body)}"
    makes_text = any("NumberText" in line for line in body)
    lines += ["  c.list({.items = items.data(),", "          .count = items.size(),",
              f"          .parts = {parts},",
              "          .walk = [](const ArgumentList& list, const ArgumentSink& sink) {",
              f"            const auto* const all = static_cast<const {node.item}*>(list.items);",
              "            for (std::size_t i = 0; i < list.count; ++i) {",
              f"              const {node.item}& item = all[i];",
              *("              " + line for line in body), "            }", "          },",
              f"          .lasts = {'false' if makes_text else 'true'}}});", "}\n"]
    return "\n".join(lines)


def _walk_body(node):
    lines = [f'sink("{node.token}");'] if node.token_each else []
    if node.kind == "texts":
        return lines + ["sink(item);"]
    if node.kind == "pairs":
        return lines + ["sink(item.first);", "sink(item.second);"]
    for field in node.fields:
        value = f"item.{field.cxx}"
        lines.append({"text": f"sink({value});",
                      "integer": f"sink(NumberText().integer({value}));",
                      "real": f"sink(NumberText().real({value}));"}[field.kind])
    return lines


def choices_source(types):
    """The factories of choices."""
    parts = [BANNER + """
#include "plimsoll/core/commands/options.h"
#include "plimsoll/core/commands/tokens.h"

namespace plimsoll::inline v0::commands {

"""]
    for made in types:
        if made.kind == "choice":
            parts += [_factory(made, alternative) for alternative in made.fields]
    return "\n".join(parts) + _TAIL


def _factory(made, alternative):
    lines = [wrapped(f"{made.name} {made.name}::{alternative.cxx}(",
                     choice_parameters(alternative, with_defaults=False), ") {"),
             f"  {made.name} c;"]
    if alternative.token is not None:
        lines.append(f'  c.word("{alternative.token}");')
    for node in alternative.fields:
        lines += _statements(node, node.cxx)
    return "\n".join(lines + ["  return c;", "}\n"])

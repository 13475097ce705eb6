"""native/api/command_set.h: a member function for each form of each command that users may send."""

import re
import textwrap

from command_data import REFUSED
from cxx_types import BANNER, parameter_type, wrapped

_HEAD = BANNER + """
#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plimsoll/arguments.h"
#include "plimsoll/core/commands/builders.h"
#include "plimsoll/reply.h"
#include "plimsoll/results.h"
#include "plimsoll/start.h"
#include "plimsoll/string_map.h"

// Every command that anybody may send at any time, typed; docs/commands.md has them in tables.

namespace plimsoll::inline v0::native {

%s
/// The base of Client and of everything else that sends commands. Its members call
///
///   template <class T, class Builder, class Token>
///   auto run(const Builder& builder, Token&& token);
///
/// of `Self`, which sends the command that `builder` converts to (a CommandView that refers to the
/// caller's arguments), unless builder.status() fails, and turns the reply into a T.
template <class Self>
class CommandSet {
 public:
"""

_TAIL = """
 protected:
  CommandSet() = default;
  ~CommandSet() = default;
  CommandSet(const CommandSet&) = default;
  CommandSet& operator=(const CommandSet&) = default;

 private:
  template <class T, class Builder, class Token>
  auto pass(const Builder& builder, Token&& token) {
    return static_cast<Self&>(*this).template run<T>(builder, std::forward<Token>(token));
  }
};

}  // namespace plimsoll::inline v0::native
"""

_REPLIES = {
    "void": "void", "integer": "std::int64_t", "int64": "std::int64_t", "double": "double",
    "bool": "bool", "text": "std::string", "any": "Reply", "stored": "Stored", "field": "FieldValue",
    "scored": "Scored", "ranked": "Ranked", "pair_of_text": "KeyAndElement",
    "popped_list": "PoppedElements", "popped_score": "PoppedScore",
    "popped_scores": "PoppedScores", "page": "ScanPage", "page_of_pairs": "HashScanPage",
    "page_of_scores": "SortedSetScanPage", "position": "Position", "place": "Place",
    "matches": "LcsMatches", "entry": "StreamEntry", "streams": "std::vector<StreamEntries>",
    "claimed": "ClaimedEntries", "claimed_ids": "ClaimedIds", "pending": "PendingEntry",
    "pending_summary": "PendingSummary", "stream_info": "StreamInfo", "group_info": "GroupInfo",
    "consumer_info": "ConsumerInfo", "latency_sample": "LatencySample",
    "latency_event": "LatencyEvent", "slow_command": "SlowCommand", "time": "ServerTime",
}

_LISTS = {"texts": "Words", "pairs": "Fields", "streams": "Fields", "integers": "Integers",
          "reals": "Reals"}


def is_offered(command):
    """Whether users get a member function for it."""
    return command.command_class not in REFUSED and not command.is_container


def reply_type(reply):
    """The C++ type of a reply."""
    inner = re.fullmatch(r"(optional|list)<(.*)>|map<text,(.*)>", reply)
    if not inner:
        return _REPLIES[reply]
    if inner[3] == "text":
        return "StringMap"
    if inner[3]:
        return f"std::unordered_map<std::string, {reply_type(inner[3])}>"
    outer = {"optional": "std::optional", "list": "std::vector"}[inner[1]]
    return f"{outer}<{reply_type(inner[2])}>"


def list_type(node):
    """The type of a parameter that is a list."""
    if node.kind in _LISTS:
        return _LISTS[node.kind]
    return {"ScoredMember": "Scores"}.get(node.type, node.type + "s")


def surface_header(variants, types):
    offered = [v for v in variants if is_offered(v.builder.command)]
    names = "".join(f"using commands::{name};\n"
                    for name in sorted(["Bound", *(made.name for made in types)]))
    lists = "".join(_list_alias(made) for made in types if made.name in _items(offered))
    return _HEAD % (names + lists) + "\n".join(_member(v) for v in offered) + _TAIL


def _items(variants):
    return {node.type for v in variants for node in v.nodes
            if node.kind in ("items", "choices") and node in v.parameters}


def _list_alias(made):
    name = {"ScoredMember": "Scores"}.get(made.name, made.name + "s")
    fields = 1 if made.kind == "choice" else len(made.fields)
    return f"using {name} = ListOf<{made.name}, {fields}>;\n"


def _member(variant):
    parameters, names = [], []
    for node in variant.parameters:
        kind = f"const {list_type(node)}&" if node.is_list else parameter_type(node)
        parameters.append(f"{kind} {node.cxx}")
        names.append(node.cxx)
    if variant.options:
        parameters.append(f"const {variant.options.name}& options")
        names.append("options")
    parameters.append("Token&& token = Token()")
    result = reply_type(variant.builder.form.reply)
    return (f"{_comment(variant)}"
            "  template <CompletionToken Token = Start>\n"
            + wrapped(f"  auto {variant.name}(", parameters, ") {\n")
            + wrapped(f"    return pass<{result}>(",
                      [f"commands::{variant.name}({', '.join(names)})",
                       "std::forward<Token>(token)"], ");\n  }\n"))


def _comment(variant):
    command = variant.builder.command
    text = f"{command.name.replace('|', ' ')}: {command.kept['doc']}"
    if _is_repeated(variant):
        text = f"{command.name.replace('|', ' ')} {_what_more(variant)}."
    else:
        text += " " + _facts(command)
    return "".join(f"  /// {line}\n" for line in textwrap.wrap(text, 94))


def _is_repeated(variant):
    """Whether an overload before it has said what the command does."""
    return bool(variant.options) or len(variant.parameters) > len(variant.builder.required)


def _what_more(variant):
    if variant.options:
        return "with options"
    last = variant.parameters[-1].cxx.replace("_", " ")
    return f"with {last}"


def _facts(command):
    served = command.served
    arity = abs(served["arity"]) - len(command.words)
    facts = [complexity(served), f"since {served['since']}",
             f"{'at least ' if served['arity'] < 0 else ''}{arity} "
             f"argument{'' if arity == 1 else 's'}" if arity else "no arguments"]
    if served["arity"] < 0 and arity == 0:
        facts[-1] = "any number of arguments"
    text = ", ".join(fact for fact in facts if fact) + "."
    text = text[0].upper() + text[1:]
    if "deprecated_since" in served:
        text += f" Deprecated since {served['deprecated_since']}"
        replacement = served.get("replaced_by", "").replace("`", "")
        text += f": {replacement}." if replacement else "."
    return text


def complexity(served):
    """"O(log(N))": the first of what the server says."""
    text = served.get("complexity", "")
    start = text.find("O(")
    depth = 0
    for end in range(start, len(text) if start >= 0 else start):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0 and text[end] == ")":
            return text[start:end + 1]
    return ""

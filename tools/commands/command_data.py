"""The commands as the generator sees them: what a server said (commands.json), joined with what is
kept by hand (commands.toml, arguments.toml). Whatever does not fit together is a DataError."""

import dataclasses
import json
import re
import tomllib

CLASSES = ("plain", "contiguous", "blocking", "state")
REFUSED = ("contiguous", "state")
WRITES = ("all", "undeclared", "other-database")
WRITES_WITH = ("STORE", "DB")
UNCACHEABLE = ("random", "cursor", "clock", "expiry", "keyspace", "encoding", "groups", "patterns",
               "script", "blocking", "side-effect", "rewrites", "no-key")
UNITS = ("seconds", "milliseconds")

_KEPT = {"class": str, "instead": str, "timeout": dict, "container": bool, "reply": str,
         "forms": list, "cacheable": bool, "uncacheable": str, "writes": str, "writes_with": str,
         "doc": str}
_FORM = {"name": str, "without": list, "require": list, "reply": str}

_SIMPLE_REPLIES = """
    void integer int64 double bool text any stored field scored ranked pair_of_text popped_list
    popped_score popped_scores page page_of_pairs page_of_scores position place matches entry
    streams claimed claimed_ids pending pending_summary stream_info group_info consumer_info
    latency_sample latency_event slow_command time
""".split()


# Change nothing, though the server flags them not as readonly: they touch no key.
_ALSO_READS = ("ECHO", "INFO", "LASTSAVE", "PING", "ROLE", "TIME")

# Tips (valkey.io/topics/command-tips) of commands that one node of a cluster cannot answer for all,
# and what the client does: commands::Spread without the part behind "_".
_REQUEST = "request_policy:"
_RESPONSE = "response_policy:"
_SPREAD_OVER = {"multi_shard": "slots", "all_nodes": "nodes", "all_shards": "nodes"}
_JOINED_BY = {None: "values", "agg_sum": "sum", "agg_min": "min", "agg_max": "max",
              "agg_logical_and": "and", "agg_logical_or": "or", "all_succeeded": "all",
              "one_succeeded": "one", "special": None}
_JOINED_OF_SLOTS = ("values", "sum", "all")

# What the tips call "special": one answer that is not null will do; and the walk over all keys. And
# what has no tips, though each node knows of its own subscribers alone: a shard channel has them at
# the owner of its slot, all others anywhere.
_BY_HAND = {"RANDOMKEY": "nodes_any", "SCAN": "walk", "PUBSUB|SHARDCHANNELS": "nodes_values",
            "PUBSUB|CHANNELS": "special", "PUBSUB|NUMPAT": "special", "PUBSUB|NUMSUB": "special",
            "PUBSUB|SHARDNUMSUB": "special"}

# The tips name PING too, so that a client may find out whether the whole cluster works. A caller
# asks with it whether the client works, and each node gives the same answer.
_ONE_NODE_WILL_DO = ("PING",)


class DataError(Exception):
    """What is wrong with the data, in words for whoever keeps them."""


@dataclasses.dataclass
class Form:
    """One C++ method: some of a command's arguments, and a reply."""
    name: str
    reply: str
    without: list
    require: list


@dataclasses.dataclass
class Command:
    """A row of commands.json with what is kept by hand beside it."""
    name: str  # "CLIENT|KILL"
    served: dict
    kept: dict
    forms: list

    @property
    def command_class(self):
        return self.kept.get("class", "plain")

    @property
    def words(self):
        return self.name.split("|")

    @property
    def group(self):
        return self.served["group"]

    @property
    def is_container(self):
        return self.kept.get("container", False)

    @property
    def reads(self):
        """Whether it may be sent again: it changes nothing, and is the same the second time."""
        if self.name in _ALSO_READS:
            return True
        return ("readonly" in self.served.get("flags", []) and not self.kept.get("writes")
                and self.kept.get("uncacheable") not in ("side-effect", "rewrites", "script"))

    @property
    def spread(self):
        """Over which nodes of a cluster it is spread, and how the answers are joined."""
        request, response = self._tip(_REQUEST), self._tip(_RESPONSE)
        if self.name in _BY_HAND:
            return _BY_HAND[self.name]
        if request is None or self.name in _ONE_NODE_WILL_DO:
            return "one_node"
        if response not in _JOINED_BY:
            raise DataError(f"[{self.name}] has a tip that no code knows: {_RESPONSE}{response}")
        over, joined = _SPREAD_OVER.get(request), _JOINED_BY[response]
        if over is None or joined is None:
            return "special"
        if over == "slots" and joined not in _JOINED_OF_SLOTS:
            raise DataError(f"[{self.name}] has keys in several slots, and no code knows how to"
                            f" join answers by {_RESPONSE}{response}")
        return f"{over}_{joined}"

    def _tip(self, policy):
        tips = [tip.removeprefix(policy) for tip in self.served.get("tips", [])
                if tip.startswith(policy)]
        return tips[0] if tips else None

    @property
    def writes_keys(self):
        """Whether any of the keys that it names may be changed."""
        return any("unknown" not in (spec["begin"]["type"], spec["find"]["type"])
                   and not {"RO", "not_key"} & set(spec["flags"])
                   for spec in self.served.get("key_specs", []))


def load(commands_json, commands_toml):
    """(what the server is, [Command] sorted by name)."""
    with open(commands_json, encoding="utf-8") as file:
        collected = json.load(file)
    with open(commands_toml, "rb") as file:
        kept = tomllib.load(file)
    return collected["server"], join(collected["commands"], kept)


def join(served, kept):
    """[Command]; DataError where the two do not name the same commands, or a row makes no sense."""
    names = [row["name"] for row in served]
    problems = [f"[{name}] is missing in commands.toml: the server has it"
                for name in names if name not in kept]
    problems += [f"[{name}] in commands.toml: the server has no such command"
                 for name in kept if name not in set(names)]
    for row in served:
        if row["name"] in kept:
            problems += [f"[{row['name']}] in commands.toml: {problem}"
                         for problem in _check(row, kept[row["name"]])]
    if problems:
        raise DataError("\n".join(problems))
    return [_command(row, kept[row["name"]]) for row in served]


def _command(row, kept):
    name = method_name(row["name"])
    if "forms" in kept:
        forms = [Form(form.get("name", name), form["reply"], form.get("without", []),
                      form.get("require", [])) for form in kept["forms"]]
    else:
        forms = [Form(name, kept.get("reply", "any"), [], [])]
    return Command(row["name"], row, kept, forms)


def method_name(name):
    """"client_no_evict" for "CLIENT|NO-EVICT"."""
    return re.sub(r"[|-]", "_", name).lower()


def _check(row, kept):
    mistyped = [problem for table, types in
                [(kept, _KEPT), *((form, _FORM) for form in kept.get("forms", []))]
                for problem in _check_types(table, types)]
    if mistyped:
        yield from mistyped
        return
    if not kept.get("doc", "").endswith("."):
        yield "doc is not a sentence"
    command_class = kept.get("class", "plain")
    if command_class not in CLASSES:
        yield f"class {command_class!r}; there are {', '.join(CLASSES)}"
    if command_class in REFUSED and "instead" not in kept:
        yield f"instead is missing, which the class {command_class} needs"
    if command_class == "plain" and "instead" in kept:
        yield "instead belongs to commands that are refused somewhere, and the class plain is not"
    if (command_class == "blocking") != ("timeout" in kept):
        yield "timeout belongs to the class blocking, and to it alone"
    if "timeout" in kept:
        yield from _check_timeout(row, kept["timeout"])
    if kept.get("writes", "all") not in WRITES:
        yield f"writes {kept['writes']!r}; there are {', '.join(WRITES)}"
    if kept.get("writes_with", "DB") not in WRITES_WITH:
        yield f"writes_with {kept['writes_with']!r}; there are {', '.join(WRITES_WITH)}"
    if "writes_with" in kept and "writes" not in kept:
        yield "writes_with without writes"
    yield from _check_caching(row, kept)
    if "forms" not in kept and "reply" not in kept:
        if command_class not in REFUSED and not kept.get("container"):
            yield "reply is missing"
    yield from _check_reply(kept.get("reply", "any"))
    argument_names = {argument["name"] for argument in all_arguments(row)}
    for form in kept.get("forms", []):
        yield from _check_reply(form.get("reply", "missing"))
        for name in form.get("without", []) + form.get("require", []):
            if name not in argument_names:
                yield f"a form speaks of the argument {name!r}, which the command has not"


def _check_types(table, types):
    for key, value in table.items():
        if key not in types:
            yield f"unknown key {key!r}"
        elif not isinstance(value, types[key]):
            yield f"{key} is a {type(value).__name__}, not a {types[key].__name__}"


def _check_timeout(row, timeout):
    if timeout.get("unit") not in UNITS:
        yield f"timeout's unit {timeout.get('unit')!r}; there are {', '.join(UNITS)}"
    if timeout.get("argument") not in {argument["name"] for argument in row.get("arguments", [])}:
        yield f"timeout's argument {timeout.get('argument')!r}, which the command has not"


def _check_caching(row, kept):
    reads = "readonly" in row.get("flags", [])
    if kept.get("cacheable") and not reads:
        yield "cacheable, but the server does not call it readonly"
    if kept.get("cacheable") and "uncacheable" in kept:
        yield "cacheable and uncacheable"
    if reads and not kept.get("cacheable") and "uncacheable" not in kept:
        yield "a command that reads is cacheable, or says why not (uncacheable)"
    if kept.get("uncacheable", "random") not in UNCACHEABLE:
        yield f"uncacheable {kept['uncacheable']!r}; there are {', '.join(UNCACHEABLE)}"


def _check_reply(reply):
    inner = re.fullmatch(r"(?:optional|list)<(.*)>|map<text,(.*)>", reply)
    if inner:
        yield from _check_reply(inner[1] or inner[2])
    elif reply not in _SIMPLE_REPLIES:
        yield f"unknown reply {reply!r}"


def all_arguments(row):
    """All arguments of a row, of whatever depth."""
    for argument in row.get("arguments", []):
        yield argument
        yield from all_arguments(argument)

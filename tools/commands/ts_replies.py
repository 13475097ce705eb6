"""What replies become in TypeScript: a shape of js/src/commands/shapes.ts, and a type."""

import re

# A reply of commands.toml: (the shape's name, the type). None: as it came.
_REPLIES = {
    "void": ("nothing", "void"),
    "integer": (None, "number"),
    # A number that users store, which may be beyond the safe integers; other integers count.
    "int64": (None, "number | bigint"),
    "double": ("real", "number"),
    "bool": ("yes", "boolean"),
    "text": (None, "T"),
    "any": ("any", "AnyReply"),
    "stored": ("stored", "boolean"),
    "list<field>": ("pairs", "[Name<A>, T][]"),
    "list<scored>": ("scores", "Scored<A>[]"),
    "optional<scored>": ("firstScore", "Scored<A> | null"),
    "ranked": ("ranked", "Ranked"),
    "pair_of_text": ("keyAndElement", "KeyAndElement<A>"),
    "popped_list": ("poppedElements", "PoppedElements<A>"),
    "popped_score": ("poppedScore", "PoppedScore<A>"),
    "popped_scores": ("poppedScores", "PoppedScores<A>"),
    "page": ("page", "ScanPage<A>"),
    "page_of_pairs": ("fieldPage", "HashScanPage<A>"),
    "page_of_scores": ("scorePage", "SortedSetScanPage<A>"),
    "position": ("position", "Position"),
    "place": ("place", "Place<A>"),
    "matches": ("matches", "LcsMatches"),
    "entry": ("entry", "StreamEntry<A>"),
    "streams": ("streams", "StreamEntries<A>[]"),
    "claimed": ("claimed", "ClaimedEntries<A>"),
    "claimed_ids": ("claimedIds", "ClaimedIds"),
    "pending": ("pending", "PendingEntry<A>"),
    "pending_summary": ("pendingSummary", "PendingSummary<A>"),
    "stream_info": ("streamInfo", "StreamInfo<A>"),
    "group_info": ("groupInfo", "GroupInfo<A>"),
    "consumer_info": ("consumerInfo", "ConsumerInfo<A>"),
    "latency_sample": ("latencySample", "LatencySample"),
    "latency_event": ("latencyEvent", "LatencyEvent<A>"),
    "slow_command": ("slowCommand", "SlowCommand<A>"),
    "time": ("time", "ServerTime"),
    "map<text,text>": ("record", "Fields<A>"),
    "map<text,integer>": ("record", "Fields<A, number>"),
    "set<text>": ("set", "Distinct<A>"),
}

_MARKS = {"optional": "?", "list": "*"}


def shape_of(reply):
    """The name of the shape: "" for none; "?" before it: or null, "*": a list of these."""
    if reply in _REPLIES:
        return _REPLIES[reply][0] or ""
    outer, inner = _taken_apart(reply)
    shape = shape_of(inner)
    return _MARKS[outer] + shape if shape else ""


def type_of(reply):
    """The type of what the caller gets, in terms of A, how it wants strings."""
    return re.sub(r"\bT\b", "Text<A>", _type(reply))


def depends_on_as(reply):
    """Whether the type says A."""
    return re.search(r"\bA\b", type_of(reply)) is not None


def named_types():
    """The names of the types of replies.ts."""
    found = set()
    for _, name in _REPLIES.values():
        found |= set(re.findall(r"[A-Z][A-Za-z]+", name))
    return sorted(found - {"AnyReply"} | {"Text"})


def _type(reply):
    if reply in _REPLIES:
        return _REPLIES[reply][1]
    outer, inner = _taken_apart(reply)
    kind = _type(inner)
    if outer == "optional":
        return f"{kind} | null"
    return f"({kind})[]" if "|" in kind else f"{kind}[]"


def _taken_apart(reply):
    found = re.fullmatch(r"(optional|list)<(.*)>", reply)
    return found[1], found[2]

"""Collects the C++ sources below a target, so that a library names them once for every compiler."""

CxxSourcesInfo = provider(
    doc = "What an Emscripten build of a library and of all it depends on has to compile.",
    fields = {"sources": "depset of .cc files"},
)

_EXTENSIONS = ["c", "cc", "cpp"]

def _collect_impl(target, ctx):
    own = []
    for src in getattr(ctx.rule.attr, "srcs", []):
        own += [f for f in src.files.to_list() if f.extension in _EXTENSIONS]
    below = [
        dep[CxxSourcesInfo].sources
        for dep in getattr(ctx.rule.attr, "deps", [])
        if CxxSourcesInfo in dep
    ]
    return [CxxSourcesInfo(sources = depset(own, transitive = below))]

cxx_sources_aspect = aspect(
    implementation = _collect_impl,
    attr_aspects = ["deps"],
)

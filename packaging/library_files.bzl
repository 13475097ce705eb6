"""Which files a library is made of, with all libraries of this workspace below it."""

_FilesInfo = provider(fields = {"files": "depset of sources and headers"})

def _files_aspect_impl(target, ctx):
    own = []
    if not target.label.workspace_name:
        own = [
            label.files
            for attribute in ["srcs", "hdrs", "textual_hdrs"]
            for label in getattr(ctx.rule.attr, attribute, [])
        ]
    below = [
        dep[_FilesInfo].files
        for attribute in ["deps", "actual"]
        for dep in _listed(getattr(ctx.rule.attr, attribute, []))
        if _FilesInfo in dep
    ]
    return [_FilesInfo(files = depset(transitive = own + below))]

def _listed(value):
    return value if type(value) == "list" else [value]

_files_aspect = aspect(
    implementation = _files_aspect_impl,
    attr_aspects = ["deps", "actual"],
)

def _library_files_impl(ctx):
    files = ctx.attr.library[_FilesInfo].files.to_list()
    kept = [file for file in files if file.is_source]
    rows = sorted(["%s %s" % ("kept" if file.is_source else "made", file.short_path) for file in files])
    output = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(output, "\n".join(rows + [""]))
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(kept))]

# Makes <name>.txt, a line a file: "kept core/base/check.cc", or "made" for what is made while building. As a
# test's data, brings the kept files.
library_files = rule(
    implementation = _library_files_impl,
    attrs = {"library": attr.label(aspects = [_files_aspect], mandatory = True)},
)

"""A copy of C++ libraries in which mutants can be chosen at run time."""

_Files = provider(
    doc = "The C++ files of a library and of all it depends on.",
    fields = {"files": "depset"},
)

def _collect_impl(target, ctx):
    own = []
    if target.label.workspace_name:
        return [_Files(files = depset())]  # others' libraries are what they are
    for attribute in ["srcs", "hdrs"]:
        for label in getattr(ctx.rule.attr, attribute, []):
            own += [file for file in label.files.to_list() if file.extension in ["cc", "h"]]
    below = [dep[_Files].files for dep in getattr(ctx.rule.attr, "deps", []) if _Files in dep]
    return [_Files(files = depset(own, transitive = below))]

_collect = aspect(
    implementation = _collect_impl,
    attr_aspects = ["deps"],
)

def _mutated_sources_impl(ctx):
    files = depset(transitive = [dep[_Files].files for dep in ctx.attr.deps]).to_list()
    copies = [ctx.actions.declare_file(ctx.label.name + "/" + file.short_path) for file in files]
    listing = ctx.actions.declare_file(ctx.label.name + "_list.cc")
    folder = "/".join([listing.dirname, ctx.label.name])
    ctx.actions.run(
        executable = ctx.executable._mutate,
        arguments = [ctx.file.mutants.path, folder, listing.path] +
                    ["%s=%s" % (file.short_path, file.path) for file in files],
        inputs = files + [ctx.file.mutants],
        outputs = copies + [listing],
        mnemonic = "Mutate",
        progress_message = "Breaking a copy of the core: %s" % ctx.label,
        use_default_shell_env = True,
    )
    return [
        DefaultInfo(files = depset([file for file in copies if file.extension == "cc"])),
        OutputGroupInfo(
            headers = depset([file for file in copies if file.extension == "h"]),
            listing = depset([listing]),
        ),
    ]

mutated_sources = rule(
    doc = """Copies the sources of deps, and of all they depend on, by mutate.py.

    Output group `headers`: <name>/<path in the repository>; `listing`: the table of mutants.""",
    implementation = _mutated_sources_impl,
    attrs = {
        "deps": attr.label_list(aspects = [_collect]),
        "mutants": attr.label(
            allow_single_file = [".toml"],
            mandatory = True,
        ),
        "_mutate": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "//tests/sim/mutants:mutate.py",
            executable = True,
        ),
    },
)

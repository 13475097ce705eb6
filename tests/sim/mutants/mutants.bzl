"""A copy of C++ libraries in which mutants can be chosen at run time."""

_Files = provider(
    doc = "The C++ files of a library and of all it depends on.",
    fields = {"files": "depset"},
)

def _collect_impl(target, ctx):
    own = []
    if target.label.workspace_name:
        return [_Files(files = depset())]  # others' libraries are what they are
    for attribute in ["srcs", "textual_hdrs", "hdrs"]:
        for label in getattr(ctx.rule.attr, attribute, []):
            # Not the units that plimsoll_library compiles instead, which would include what is whole.
            if "_unit_" in label.label.name:
                continue
            own += [file for file in label.files.to_list() if file.extension in ["cc", "h"]]
    below = [dep[_Files].files for dep in getattr(ctx.rule.attr, "deps", []) if _Files in dep]
    return [_Files(files = depset(own, transitive = below))]

_collect = aspect(
    implementation = _collect_impl,
    attr_aspects = ["deps"],
)

def _write_units(ctx, sources):
    """A file for each package, that includes the copies of its sources."""
    packages = {}
    for source in sources:
        packages.setdefault(source.dirname, []).append(source)
    units = []
    for package, members in packages.items():
        unit = ctx.actions.declare_file("%s_units/%s.cc" % (ctx.label.name, package.replace("/", "_")))
        lines = [
            '#include "%s/%s/%s"' % (ctx.label.package, ctx.label.name, member.short_path)
            for member in members
        ]
        ctx.actions.write(unit, "\n".join(lines + [""]))
        units.append(unit)
    return units

def _mutated_sources_impl(ctx):
    files = depset(transitive = [dep[_Files].files for dep in ctx.attr.deps]).to_list()
    copies = [ctx.actions.declare_file(ctx.label.name + "/" + file.short_path) for file in files]
    units = _write_units(ctx, [file for file in files if file.extension == "cc"])
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
        DefaultInfo(files = depset(units)),
        OutputGroupInfo(
            headers = depset([file for file in copies if file.extension == "h"]),
            sources = depset([file for file in copies if file.extension == "cc"]),
            listing = depset([listing]),
        ),
    ]

mutated_sources = rule(
    doc = """Copies the sources of deps, and of all they depend on, by mutate.py.

    What is to be compiled includes the copies, a file a package. Output groups `headers` and `sources`:
    <name>/<path in the repository>; `listing`: the table of mutants.""",
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

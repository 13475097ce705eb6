"""WebAssembly modules, made by the installed Emscripten, and tests that Node runs."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":sources.bzl", "CxxSourcesInfo", "cxx_sources_aspect")

_COMPILE = [
    "-std=c++20",
    "-flto",
    "-msimd128",
    "-mbulk-memory",
    "-fno-exceptions",
    "-fno-rtti",
    "-DNDEBUG",
    "-Wall",
    "-Wextra",
    "-Werror",
]

# No JavaScript glue, no main(): a library that any host can load. emmalloc is 6 KB smaller than
# dlmalloc; the core allocates in large pieces, so its speed does not show.
_LINK = [
    "-sSTANDALONE_WASM",
    "--no-entry",
    "-sALLOW_MEMORY_GROWTH",
    "-sMALLOC=emmalloc",
]

def _include_flags(args, context):
    args.add_all(context.quote_includes, before_each = "-iquote")
    args.add_all(context.includes, before_each = "-I")
    args.add_all(context.system_includes, before_each = "-isystem")
    args.add_all(context.defines, format_each = "-D%s")

def _wasm_module_impl(ctx):
    module = ctx.actions.declare_file(ctx.label.name)
    contexts = [dep[CcInfo].compilation_context for dep in ctx.attr.deps]
    sources = depset(
        [f for f in ctx.files.srcs if f.extension != "h"],
        transitive = [dep[CxxSourcesInfo].sources for dep in ctx.attr.deps],
    )

    args = ctx.actions.args()
    args.add_all(_COMPILE)
    args.add_all(ctx.attr.copts)
    for context in contexts:
        _include_flags(args, context)
    hot = ctx.actions.args()
    hot.add_all(ctx.attr.hot)
    sources_args = ctx.actions.args()
    sources_args.add_all(sources)

    link = ctx.actions.args()
    link.add_all(_COMPILE)
    link.add("-Oz")
    link.add_all(ctx.attr.copts)
    link.add_all(_LINK)
    link.add_all(ctx.attr.linkopts)
    link.add(ctx.attr.max_memory, format = "-sMAXIMUM_MEMORY=%s")
    if ctx.attr.exported:
        link.add_joined(
            ctx.attr.exported,
            join_with = ",",
            format_each = "_%s",
            format_joined = "-sEXPORTED_FUNCTIONS=%s",
        )

    # The packaged em++ has its libraries prebuilt and its cache frozen, so it works in the sandbox
    # as it is.
    ctx.actions.run(
        executable = ctx.executable._build_module,
        outputs = [module],
        inputs = depset(
            ctx.files.srcs,
            transitive = [sources] + [context.headers for context in contexts],
        ),
        arguments = [
            module.path,
            "--",
            args,
            "--",
            link,
            "--",
            hot,
            "--",
            sources_args,
        ],
        mnemonic = "Emscripten",
        progress_message = "Compiling to WebAssembly: %s" % ctx.label,
        use_default_shell_env = True,
    )
    return [DefaultInfo(
        files = depset([module]),
        runfiles = ctx.runfiles([module]),
    )]

wasm_module = rule(
    doc = "Compiles srcs and the sources of all deps, transitively, to one standalone module.",
    implementation = _wasm_module_impl,
    attrs = {
        "copts": attr.string_list(),
        "linkopts": attr.string_list(),
        "deps": attr.label_list(
            aspects = [cxx_sources_aspect],
            providers = [CcInfo],
        ),
        "hot": attr.string_list(
            doc = "sources, by the ends of their paths, that are made fast rather than small",
        ),
        "exported": attr.string_list(doc = "C functions to export besides those with export_name"),
        "max_memory": attr.string(
            mandatory = True,
            doc = "what linear memory can grow to, such as 256MB: baked into the module",
        ),
        "srcs": attr.label_list(allow_files = [".cc", ".h"]),
        "_build_module": attr.label(
            default = "//tools/wasm:build_module",
            cfg = "exec",
            executable = True,
        ),
    },
)

# Node runs node:test suites in a plain file too; the second reporter is what counts their cases.
_RUN_NODE = """\
#!/bin/sh
exec "${{NODE:-node}}" \\
  --test-reporter=spec --test-reporter-destination=stdout \\
  --test-reporter=junit --test-reporter-destination="${{XML_OUTPUT_FILE:-/dev/null}}" \\
  {main} "$@"
"""

def _node_test_impl(ctx):
    launcher = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        launcher,
        _RUN_NODE.format(main = ctx.file.main.short_path),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = launcher,
        runfiles = ctx.runfiles([ctx.file.main] + ctx.files.data),
    )]

_node_test = rule(
    implementation = _node_test_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "main": attr.label(
            allow_single_file = [".mjs"],
            mandatory = True,
        ),
    },
    test = True,
)

def node_test(name, tags = [], **kwargs):
    """Runs a module under Node; it passes by ending with status 0.

    Args:
      name: of the test.
      tags: the sanitizers' builds skip these tests anyway: what they run is the same there.
      **kwargs: main (one .mjs file), data, and what every test rule has.
    """
    _node_test(
        name = name,
        tags = tags + ["no-sanitizer"],
        **kwargs
    )

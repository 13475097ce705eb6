"""WebAssembly modules, made by the installed Emscripten, and tests that Node runs."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(
    ":sources.bzl",
    "COMPILE",
    "WasmObjectsInfo",
    "compile_for_wasm",
    "wasm_objects_again_aspect",
    "wasm_objects_aspect",
)

# No JavaScript glue, no main(): a library that any host can load. emmalloc is 6 KB smaller than
# dlmalloc; the core allocates in large pieces, so its speed does not show.
_LINK = [
    "-sSTANDALONE_WASM",
    "--no-entry",
    "-sALLOW_MEMORY_GROWTH",
    "-sMALLOC=emmalloc",
]

def _wasm_module_impl(ctx):
    module = ctx.actions.declare_file(ctx.label.name)
    contexts = [dep[CcInfo].compilation_context for dep in ctx.attr.deps]
    own = [compile_for_wasm(ctx, source, contexts) for source in ctx.files.srcs]
    objects = depset(own, transitive = [dep[WasmObjectsInfo].objects for dep in ctx.attr.deps])

    link = ctx.actions.args()
    link.add_all(COMPILE)
    link.add("-Oz")
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
    link.add_all(objects)
    link.add("-o", module)
    ctx.actions.run(
        executable = "em++",
        arguments = [link],
        inputs = objects,
        outputs = [module],
        mnemonic = "WasmLink",
        progress_message = "Linking for WebAssembly: %s" % ctx.label,
        use_default_shell_env = True,
    )
    return [DefaultInfo(
        files = depset([module]),
        runfiles = ctx.runfiles([module]),
    )]

def _wasm_module_rule(doc, aspect):
    return rule(
        doc = doc,
        implementation = _wasm_module_impl,
        attrs = {
            "linkopts": attr.string_list(),
            "deps": attr.label_list(
                aspects = [aspect],
                providers = [CcInfo],
            ),
            "exported": attr.string_list(doc = "C functions to export besides those with export_name"),
            "max_memory": attr.string(
                mandatory = True,
                doc = "what linear memory can grow to, such as 256MB: baked into the module",
            ),
            "srcs": attr.label_list(allow_files = [".cc"]),
        },
    )

wasm_module = _wasm_module_rule(
    doc = "Links the objects of srcs and of all deps, transitively, to one standalone module.",
    aspect = wasm_objects_aspect,
)

wasm_module_again = _wasm_module_rule(
    doc = "A wasm_module of which each source is compiled for it alone, once more.",
    aspect = wasm_objects_again_aspect,
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

"""Compiles the C++ sources below a target for WebAssembly, each once, whatever modules are made of it."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//wasm:hot.bzl", "HOT")

WasmObjectsInfo = provider(
    doc = "What a library and all it depends on are for a module's linker.",
    fields = {"objects": "depset of .o files"},
)

COMPILE = [
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

# What ships is compiled file by file: small, since every page loads it all, but fast where it is hot.
_SHIPPED = ["core", "wasm"]

def _is_shipped(target):
    return target.label.package.split("/")[0] in _SHIPPED

def _level(source):
    for hot in HOT:
        if source.path.endswith(hot):
            return "-O2"
    return "-Oz"

def compile_for_wasm(ctx, source, contexts, more = [], folder = "_wasm"):
    """Declares the object of one source, below `folder`, and what makes it. Returns the object."""
    output = ctx.actions.declare_file("%s/%s/%s.o" % (folder, ctx.label.name, source.basename))
    args = ctx.actions.args()
    args.add(_level(source))
    args.add_all(COMPILE)
    args.add_all(more)
    for context in contexts:
        args.add_all(context.quote_includes, before_each = "-iquote")
        args.add_all(context.includes, before_each = "-I")
        args.add_all(context.system_includes, before_each = "-isystem")
        args.add_all(context.defines, format_each = "-D%s")
    args.add("-c", source)
    args.add("-o", output)

    # The packaged em++ has its libraries prebuilt and its cache frozen, so it works in the sandbox
    # as it is.
    ctx.actions.run(
        executable = "em++",
        arguments = [args],
        inputs = depset([source], transitive = [context.headers for context in contexts]),
        outputs = [output],
        mnemonic = "WasmCompile",
        progress_message = "Compiling %s to WebAssembly" % source.short_path,
        use_default_shell_env = True,
    )
    return output

def _sources(target, rule):
    # Units of a few files are for this repository's own native builds (plimsoll_library).
    attributes = ["textual_hdrs", "srcs"] if _is_shipped(target) else ["srcs"]
    for attribute in attributes:
        found = [
            file
            for label in getattr(rule.attr, attribute, [])
            for file in label.files.to_list()
            if file.extension == "cc"
        ]
        if found:
            return found
    return []

def _objects(target, ctx, folder):
    below = [
        dep[WasmObjectsInfo].objects
        for dep in getattr(ctx.rule.attr, "deps", [])
        if WasmObjectsInfo in dep
    ]
    own = []
    if CcInfo in target:
        context = target[CcInfo].compilation_context
        more = ["-D" + define for define in getattr(ctx.rule.attr, "local_defines", [])]
        if not _is_shipped(target):
            # It is run once: what counts is that it is built soon.
            more += ["-O1", "-fno-lto"]
        own = [
            compile_for_wasm(ctx, source, [context], more, folder)
            for source in _sources(target, ctx.rule)
        ]
    return [WasmObjectsInfo(objects = depset(own, transitive = below))]

def _wasm_objects_impl(target, ctx):
    return _objects(target, ctx, "_wasm")

wasm_objects_aspect = aspect(
    implementation = _wasm_objects_impl,
    attr_aspects = ["deps"],
)

def _wasm_objects_again_impl(target, ctx):
    return _objects(target, ctx, "_wasm_again")

# The same once more, under other names: what comes of it has to be the same bytes.
wasm_objects_again_aspect = aspect(
    implementation = _wasm_objects_again_impl,
    attr_aspects = ["deps"],
)

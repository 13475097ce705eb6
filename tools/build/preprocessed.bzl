"""How much a compiler reads for a header."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _preprocessed_lines_impl(ctx):
    source = ctx.actions.declare_file(ctx.label.name + ".cc")
    ctx.actions.write(source, '#include "%s"\n' % ctx.attr.header)
    output = ctx.actions.declare_file(ctx.label.name)
    context = ctx.attr.dep[CcInfo].compilation_context
    args = ctx.actions.args()
    args.add(output)
    args.add("-std=c++20")
    args.add_all(context.quote_includes, before_each = "-iquote")
    args.add_all(context.includes, before_each = "-I")
    args.add_all(context.system_includes, before_each = "-isystem")
    args.add(source)
    ctx.actions.run_shell(
        command = 'set -o pipefail; output=$1; shift; g++ -E "$@" | wc --lines >"$output"',
        arguments = [args],
        inputs = depset([source], transitive = [context.headers]),
        outputs = [output],
        mnemonic = "PreprocessedLines",
        progress_message = "Counting the preprocessed lines of %s" % ctx.attr.header,
        use_default_shell_env = True,
    )
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output]),
    )]

preprocessed_lines = rule(
    doc = "A file with the number of lines that gcc's preprocessor makes of a program that includes one header.",
    implementation = _preprocessed_lines_impl,
    attrs = {
        "dep": attr.label(
            mandatory = True,
            providers = [CcInfo],
            doc = "the library that has the header",
        ),
        "header": attr.string(
            mandatory = True,
            doc = "as programs include it",
        ),
    },
)

"""A repository that stands for a library installed by a Debian package."""

def _debian_library_impl(rctx):
    header = rctx.path(rctx.attr.header)
    if not header.exists:
        fail("@%s: %s is missing. Install the Debian package %s, or run ./dev setup." %
             (rctx.name, header, rctx.attr.package))

    # The compiler finds system headers by itself, and Bazel does not watch them. This file is
    # an input of all that depends on the library, so a new version of the package rebuilds it.
    rctx.file("installed.h", "// %s\n" % _version(rctx))
    for link in rctx.attr.links:
        rctx.symlink("/usr/include/" + link, link)
    rctx.symlink(rctx.attr.build_file, "BUILD.bazel")

def _version(rctx):
    query = rctx.execute(["dpkg-query", "-W", "-f=${Package} ${Version}", rctx.attr.package])
    return query.stdout if query.return_code == 0 else "%s (unknown version)" % rctx.attr.package

debian_library = repository_rule(
    implementation = _debian_library_impl,
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "header": attr.string(mandatory = True, doc = "the file whose presence shows that the package is there"),
        "links": attr.string_list(doc = "headers to link here, for compilers that do not search /usr/include"),
        "package": attr.string(mandatory = True),
    },
    # Looked at again by every new Bazel server, so that installing or upgrading is noticed.
    local = True,
)

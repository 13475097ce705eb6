"""Files that are made of the command data while building."""

def command_files(names, data = "//core/commands/data"):
    """A rule for each of the files, which tools/commands/generate.py makes.

    Args:
      names: of the files; generate.py knows what is in them.
      data: a filegroup of the data files, all in its own folder.
    """
    for name in names:
        native.genrule(
            name = "make_" + name.replace(".", "_"),
            srcs = [data],
            outs = [name],
            cmd = " ".join([
                "python3 -B $(execpath //tools/commands:generate.py)",
                name,
                "--data $$(dirname $(execpaths %s) | head -1)" % data,
                "--output $@",
            ]),
            tools = [
                "//tools/commands",
                "//tools/commands:generate.py",
            ],
        )

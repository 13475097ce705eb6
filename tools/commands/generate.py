"""Makes code and documents of the command data.

  generate.py WHAT --data FOLDER --output FILE

WHAT is the name of the file that is made: see _MAKERS. The build calls it once for each.
"""

import argparse
import pathlib
import sys
import tomllib

import arguments
import cxx_builders
import cxx_categories
import cxx_surface
import cxx_table
import cxx_types
import markdown
import shapes
import ts_model
import ts_surface
import variants
from command_data import DataError, load

# The .cc files of the builders, by groups, so that none takes long to compile.
_SHARES = {
    "builders_keys.cc": ("generic", "string", "bitmap", "hyperloglog", "geo", "scripting"),
    "builders_collections.cc": ("hash", "list", "set", "sorted-set", "stream"),
    "builders_server.cc": ("cluster", "connection", "pubsub", "server", "transactions"),
}


class Data:
    """All that is to be known, and the C++ functions and types that come of it."""

    def __init__(self, folder):
        self.server, self.commands = load(folder / "commands.json", folder / "commands.toml")
        self.newer = cxx_table.newer_commands(folder / "newer.toml")
        with open(folder / "arguments.toml", "rb") as file:
            self._looks = tomllib.load(file)
        with open(folder / "typescript.toml", "rb") as file:
            self._typescript = tomllib.load(file)
        types = shapes.Types(self._looks)
        self.builders = [builder for command in self.commands
                         for builder in self._builders(command, types)]
        self.variants = variants.without_clashes(
            variant for builder in self.builders for variant in variants.variants_of(builder))
        self.types = list(types.all.values())
        self._check_names()
        for variant in self.variants:
            _check_arity(variant)

    def _builders(self, command, types):
        if command.is_container:
            return
        changes = arguments.Changes(command.name, self._looks.get(command.name, {}))
        tree = arguments.tree(command, changes)
        changes.check_used()
        for form in command.forms:
            parts = arguments.cut(tree, form.without, form.require)
            yield shapes.builder_of(command, form, parts, types)

    def _check_names(self):
        known = {command.name for command in self.commands} | {"enums", "structs"}
        for name in self._looks:
            if name not in known:
                raise DataError(f"[{name}] in arguments.toml: the server has no such command")

    def methods(self):
        """Those of TypeScript."""
        return ts_model.methods_of(self.builders, {made.name: made for made in self.types},
                                   self._typescript)

    def share(self, name):
        return [v for v in self.variants if v.builder.command.group in _SHARES[name]]


def _check_arity(variant):
    given, wanted = variants.least_words(variant.nodes), variant.builder.least_arguments
    is_open = variant.builder.command.served["arity"] < 0
    if is_open and (given >= wanted or variant.options):
        return
    if given != wanted:
        raise DataError(f"{variant.name} takes {given} arguments at least, the server {wanted}: see "
                        "arguments.toml")


_MAKERS = {
    "command_rows.h": lambda data: cxx_table.rows_header(data.commands + data.newer),
    "row_numbers.h": lambda data: cxx_table.numbers_header(data.commands + data.newer),
    "options.h": lambda data: cxx_types.options_header(data.types),
    "tokens.h": lambda data: cxx_types.tokens_header(data.types),
    "walks.h": lambda data: cxx_builders.walks_header(cxx_builders.lists_of(data.variants)),
    "builders.h": lambda data: cxx_builders.builders_header(data.variants),
    "choices.cc": lambda data: cxx_builders.choices_source(data.types),
    "builders_keys.cc": lambda data: cxx_builders.builders_source(data.share("builders_keys.cc")),
    "builders_collections.cc":
        lambda data: cxx_builders.builders_source(data.share("builders_collections.cc")),
    "builders_server.cc":
        lambda data: cxx_builders.builders_source(data.share("builders_server.cc")),
    "command_set.h": lambda data: cxx_surface.surface_header(data.variants, data.types),
    "command_categories.h":
        lambda data: cxx_categories.categories_header(data.commands + data.newer),
    "commands.md": markdown.document,
    "commands.ts": lambda data: ts_surface.surface(data.methods(), data.types),
}


def make(what, folder):
    """The text of one of the files."""
    return _MAKERS[what](Data(folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=sorted(_MAKERS))
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    try:
        text = make(options.what, options.data)
    except DataError as error:
        sys.exit(f"the command data do not fit together:\n{error}")
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

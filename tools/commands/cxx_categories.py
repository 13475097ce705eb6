"""native/bridge/gate/command_categories.h: which ACL categories each row of the command table is in."""

from command_data import DataError
from cxx_table import in_order
from cxx_types import BANNER

_HEAD = BANNER + """
#pragma once

#include <cstdint>
#include <string_view>

// The ACL categories of the rows of the command table, in the table's order: valkey.io/topics/acl.
// A row without any has unknown categories.

namespace plimsoll::bridge {
"""

_TAIL = "\n}  // namespace plimsoll::bridge\n"
_BITS = 32


def categories_header(commands):
    rows = in_order(commands)
    names = sorted({name for row in rows for name in _categories(row)})
    if len(names) > _BITS:
        raise DataError(f"{len(names)} ACL categories do not fit into {_BITS} bits")
    quoted = "".join(f'    "{name.upper()}",\n' for name in names)
    masks = "".join(f"    0x{_mask(row, names):x},  // {row.name}\n" for row in rows)
    return (_HEAD + "\n/// A bit each, the first one 1.\n"
            + f"inline constexpr std::string_view category_names[] = {{\n{quoted}}};\n"
            + f"\ninline constexpr std::uint32_t row_categories[] = {{\n{masks}}};\n" + _TAIL)


def _categories(row):
    return row.served.get("acl_categories", [])


def _mask(row, names):
    return sum(1 << names.index(name) for name in _categories(row))

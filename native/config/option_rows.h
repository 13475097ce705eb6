#pragma once

#include <span>
#include <string_view>

#include "plimsoll/native/config/option_row.h"

// The one table of options. Reading files and the environment, checking, printing and the reference
// in docs/configuration.md all walk over it.

namespace plimsoll::native::config {

/// All options, those of a table of TOML side by side; tables follow what is above all tables.
std::span<const OptionRow> option_rows();

/// Null where there is none.
const OptionRow* find_row(std::string_view key);
const OptionRow& row_of(std::string_view key);  ///< of a key that there is

// The table's parts.
std::span<const OptionRow> memory_rows();
std::span<const OptionRow> client_rows();
std::span<const OptionRow> tls_rows();
std::span<const OptionRow> cache_rows();
std::span<const OptionRow> observe_rows();

}  // namespace plimsoll::native::config

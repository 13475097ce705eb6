#pragma once

#include <span>
#include <string_view>

#include "plimsoll/native/config/option_row.h"

// The one table of options. Reading files and the environment, checking, printing and the reference
// in docs/configuration.md all walk over it.

namespace plimsoll::inline v0::native::config {

/// All options. Options of one TOML table are adjacent, and those above all tables come first.
std::span<const OptionRow> option_rows();

/// The row of `key`; null if there is none.
const OptionRow* find_row(std::string_view key);
const OptionRow& row_of(std::string_view key);  ///< `key` must exist

// Parts of the table.
std::span<const OptionRow> memory_rows();
std::span<const OptionRow> client_rows();
std::span<const OptionRow> tls_rows();
std::span<const OptionRow> sentinel_tls_rows();
std::span<const OptionRow> cache_rows();
std::span<const OptionRow> observe_rows();

}  // namespace plimsoll::inline v0::native::config

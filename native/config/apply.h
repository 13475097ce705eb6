#pragma once

#include <vector>

#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {

/// The options in which two configurations differ.
std::vector<const OptionRow*> differences(const Configuration& one, const Configuration& other);

}  // namespace plimsoll::native::config

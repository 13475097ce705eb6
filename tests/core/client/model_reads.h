#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::testing {

/// What a node of a ClusterModel that has `data` answers to a command that only reads keys: GET,
/// MGET, LRANGE, HGETALL... Nothing, if this is none of them. A key holds a list of texts, which a
/// command of another type takes for its own: the last text is the string, two after each other
/// are a field and its value.
std::optional<std::string> answer_of_read(
    const std::map<std::string, std::vector<std::string>>& data, const Words& words);

}  // namespace plimsoll::testing

#pragma once

#include <cstdint>

namespace plimsoll::bridge {

/// How the bridge writes what is not the access log: for people, or a JSON object in each line.
enum class LogFormat : std::uint8_t { text, json };

}  // namespace plimsoll::bridge

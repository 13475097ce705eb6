#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/client/flight_record.h"

// A flight recorder's dump, read back: core/client/flight_record.h says what is in it.

namespace plimsoll::sim {

struct Record {
  FlightRecord kind = FlightRecord::gap;
  std::uint64_t time = 0;  // nanoseconds, from the dump's zero; of a kind without one that before
  std::vector<std::uint64_t> numbers;  // behind the time
  std::string text;                    // a submit's name; what was read, hidden bytes as 'x'
};

struct Recording {
  std::map<std::string, std::uint64_t> options;
  std::vector<Record> records;
};

/// Reads a dump. Where it is none, or is cut off, `error` says what is wrong at which byte, and
/// what came before that is returned.
Recording read_recording(std::string_view dump, std::optional<std::string>& error);

/// "submit", "read_space", ...
std::string_view name(FlightRecord kind);

}  // namespace plimsoll::sim

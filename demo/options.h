// The demo's command line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace plimsoll::demo {

struct Options {
  std::filesystem::path status = "/var/lib/dpkg/status";
  std::filesystem::path lists = "/var/lib/apt/lists";
  std::size_t in_flight_max = 500;
  std::size_t visits_max = 200'000;
  std::size_t burst_calls = 100'000;
  std::string url;           // empty: a private server
  bool leave_keys = false;   // for whoever comes next: then they have no prefix
  std::string memory_limit;  // empty: the client's default
};

/// What main() is to do: go on with options, or end with a status because everything has been said.
struct Invocation {
  std::optional<Options> options;
  int exit_status = 0;
};
Invocation parse_options(int argument_count, const char* const* arguments);

}  // namespace plimsoll::demo

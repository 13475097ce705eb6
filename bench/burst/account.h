#pragma once

// What a worker (worker.h) is told, as a command line, and what it says of itself, as lines.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

enum class Client { plimsoll, hiredis };

struct WorkerOptions {
  Client client = Client::plimsoll;
  bool give_back = false;
  /// Asks for more events only while there is room among those that are worked on.
  bool bounded = false;
  std::string socket_path;
  std::uint64_t seed = 0;
};

/// What a worker says of itself; bytes.
struct Account {
  std::uint64_t done = 0;  ///< events
  std::size_t accounted = 0;
  std::size_t accounted_peak = 0;
  std::size_t own = 0;  ///< the job's
  std::size_t own_peak = 0;
};

/// As one line, without its end, and back; nothing where it is none.
std::string to_line(const Account& account);
std::optional<Account> from_line(std::string_view line);

/// As a command line behind this binary's name, by which it becomes a worker.
std::vector<std::string> arguments_of(const WorkerOptions& options);

}  // namespace plimsoll::bench

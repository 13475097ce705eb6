#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

// What happened to each connection, as a line of JSON: who, where to, how much, how it ended; and
// one for each page that was asked for. No payload, no token, no password.

namespace plimsoll::bridge {

struct AccessLine {
  std::chrono::system_clock::time_point began_at = std::chrono::system_clock::now();
  std::string address;
  std::string upstream;
  std::string profile;
  std::string token_id;
  std::string protocol;
  std::string page;         ///< what was asked for, without its query; empty: no page
  unsigned status = 0;      ///< of HTTP
  unsigned close_code = 0;  ///< of the WebSocket; 0: there was none
  std::string why;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t commands_allowed = 0;
  std::uint64_t commands_refused = 0;
};

class AccessLog {
 public:
  /// `out` outlives this; null: nothing is written.
  explicit AccessLog(std::ostream* out) : out_(out) {}

  void write(const AccessLine& line);

 private:
  std::ostream* const out_;
};

}  // namespace plimsoll::bridge

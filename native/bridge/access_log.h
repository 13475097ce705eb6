#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <string>

// Writes a line of JSON for each connection: who connected, to which upstream, how many bytes, how
// it ended; and one for each request for a page. Never contains payload, tokens or passwords.
// Thread-safe.

namespace plimsoll::bridge {

struct AccessLine {
  std::chrono::steady_clock::time_point began_at = std::chrono::steady_clock::now();
  std::string address;
  std::string upstream;
  std::string profile;
  std::string token_id;
  std::string protocol;
  std::string page;         ///< the page's path, without the query; empty: no page
  unsigned status = 0;      ///< HTTP
  unsigned close_code = 0;  ///< WebSocket; 0: no WebSocket
  std::string why;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t commands_allowed = 0;
  std::uint64_t commands_refused = 0;
};

class AccessLog {
 public:
  /// `out` must outlive this object; null: nothing is written.
  explicit AccessLog(std::ostream* out) : out_(out) {}

  void write(const AccessLine& line);

 private:
  std::mutex mutex_;
  std::ostream* const out_;
};

}  // namespace plimsoll::bridge

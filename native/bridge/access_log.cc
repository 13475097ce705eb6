#include "plimsoll/native/bridge/access_log.h"

#include <nlohmann/json.hpp>

#include "plimsoll/native/bridge/event_log.h"

namespace plimsoll::bridge {

void AccessLog::write(const AccessLine& line) {
  if (out_ == nullptr) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - line.began_at);
  nlohmann::ordered_json entry = {{"time", to_rfc3339(std::chrono::system_clock::now() - took)},
                                  {"address", line.address},
                                  {"status", line.status},
                                  {"milliseconds", took.count()}};
  const auto add = [&entry](const char* name, const auto& value) {
    if (value != std::remove_cvref_t<decltype(value)>()) entry[name] = value;
  };
  add("upstream", line.upstream);
  add("profile", line.profile);
  add("token", line.token_id);
  add("protocol", line.protocol);
  add("page", line.page);
  add("close_code", line.close_code);
  add("why", line.why);
  add("bytes_in", line.bytes_in);
  add("bytes_out", line.bytes_out);
  add("commands_allowed", line.commands_allowed);
  add("commands_refused", line.commands_refused);
  // A client's text may not be UTF-8; invalid bytes are replaced. The line is one write, because
  // others may write to stderr, too.
  const std::string text =
      entry.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n';
  const std::lock_guard lock(mutex_);
  *out_ << text << std::flush;
}

}  // namespace plimsoll::bridge

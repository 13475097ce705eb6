#include "plimsoll/native/bridge/shared/tracking_mode.h"

#include <vector>

#include "plimsoll/native/bridge/gate/command_ways.h"
#include "plimsoll/native/bridge/shared/local_answers.h"

namespace plimsoll::bridge {
namespace {

constexpr const char* done = "+OK\r\n";
constexpr const char* syntax_error = "-ERR syntax error\r\n";

constexpr const char* both_modes = "-ERR You can't specify both OPTIN mode and OPTOUT mode\r\n";
constexpr const char* other_mode =
    "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.\r\n";
constexpr const char* no_mode =
    "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
    "OPTOUT mode enabled\r\n";
constexpr const char* yes_without_optin =
    "-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.\r\n";
constexpr const char* no_without_optout =
    "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.\r\n";

}  // namespace

std::string TrackingMode::set(Words words) {
  TrackingMode wanted;
  std::string_view impossible;
  for (const std::string_view word : words.subspan(3)) {
    if (is_option(word, "OPTIN")) {
      wanted.opts_in_ = true;
    } else if (is_option(word, "OPTOUT")) {
      wanted.opts_out_ = true;
    } else if (is_option(word, "NOLOOP")) {
      wanted.skips_own_ = true;
    } else if (is_option(word, "BCAST") || is_option(word, "REDIRECT")) {
      impossible =
          is_option(word, "BCAST") ? "CLIENT TRACKING with BCAST" : "CLIENT TRACKING with REDIRECT";
      break;
    } else {
      return syntax_error;
    }
  }
  const bool is_off = is_option(words[2], "OFF");
  if (!is_off && !is_option(words[2], "ON")) return syntax_error;
  if (is_off) {
    *this = TrackingMode();
    return done;
  }
  if (!impossible.empty()) {
    return not_possible(impossible, "connections to the server are shared");
  }
  if (wanted.opts_in_ && wanted.opts_out_) return both_modes;
  if ((wanted.opts_in_ && opts_out_) || (wanted.opts_out_ && opts_in_)) return other_mode;
  wanted.is_on_ = true;
  *this = wanted;
  return done;
}

std::string TrackingMode::set_caching(Words words) {
  if (!opts_in_ && !opts_out_) return no_mode;
  const bool is_yes = is_option(words[2], "YES");
  if (!is_yes && !is_option(words[2], "NO")) return syntax_error;
  if (is_yes && !opts_in_) return yes_without_optin;
  if (!is_yes && !opts_out_) return no_without_optout;
  has_said_ = true;
  return done;
}

bool TrackingMode::is_next_tracked() const {
  if (!is_on_) return false;
  return opts_in_ ? has_said_ : !(opts_out_ && has_said_);
}

std::string TrackingMode::info(bool is_resp3) const {
  std::vector<std::string_view> flags{is_on_ ? "on" : "off"};
  if (opts_in_) flags.emplace_back("optin");
  if (opts_out_) flags.emplace_back("optout");
  if (has_said_) flags.emplace_back(opts_in_ ? "caching-yes" : "caching-no");
  if (skips_own_) flags.emplace_back("noloop");
  std::string out = is_resp3 ? "%3\r\n" : "*6\r\n";
  out += bulk("flags");
  out += (is_resp3 ? "~" : "*") + std::to_string(flags.size()) + "\r\n";
  for (const std::string_view flag : flags) out += bulk(flag);
  out += bulk("redirect");
  out += is_on_ ? ":0\r\n" : ":-1\r\n";
  out += bulk("prefixes");
  out += is_resp3 ? "~0\r\n" : "*0\r\n";
  return out;
}

}  // namespace plimsoll::bridge

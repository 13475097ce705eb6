#pragma once

#include <span>
#include <string>
#include <string_view>

// What a connection has asked for by CLIENT TRACKING and CLIENT CACHING, and what it is answered:
// in the words of a server, except where shared connections cannot do what one can. No I/O.

namespace plimsoll::bridge {

class TrackingMode {
 public:
  using Words = std::span<const std::string_view>;

  /// CLIENT TRACKING, with at least three words. Returns the answer.
  std::string set(Words words);
  /// CLIENT CACHING, with three words. Returns the answer.
  std::string set_caching(Words words);
  /// The answer to CLIENT TRACKINGINFO.
  std::string info(bool is_resp3) const;

  bool is_on() const { return is_on_; }
  /// Whether the next command is tracked, if it reads.
  bool is_next_tracked() const;
  /// A command has run that was not CLIENT: CLIENT CACHING was for this one.
  void handle_command() { has_said_ = false; }

 private:
  bool is_on_ : 1 = false;
  bool opts_in_ : 1 = false;
  bool opts_out_ : 1 = false;
  bool skips_own_ : 1 = false;  // NOLOOP: said, and not done
  bool has_said_ : 1 = false;   // CLIENT CACHING, which exists in two modes, and means one thing
};

}  // namespace plimsoll::bridge

// More than fits, all at once: what becomes of each call when the memory line is small, and that
// the line holds meanwhile. Each part has a client of its own. Everything happens on the thread
// that runs `io`.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "plimsoll/demo/report.h"

namespace plimsoll::demo {

class Burst {
 public:
  static constexpr std::size_t waves_count = 10;
  static constexpr std::size_t value_bytes = 1024;
  static constexpr std::size_t calls_per_read = 100;
  static constexpr std::size_t large_value_bytes = 256 * 1024;
  static constexpr std::size_t callers_count = 500;
  static constexpr std::size_t caller_value_bytes = 100;

  struct Target {
    std::string url;
    std::string prefix;  // stands before every key
  };

  /// `calls_count` is how many writes make a burst. Once `stopped` says so nothing more is asked;
  /// what is under way is waited for.
  Burst(boost::asio::io_context& io, Target target, std::size_t calls_count,
        std::function<bool()> stopped)
      : io_(io),
        target_(std::move(target)),
        calls_count_(calls_count),
        stopped_(std::move(stopped)) {}

  /// calls_count writes, in waves that are each far larger than the line; who finds no room is
  /// refused.
  CallOutcomes write_in_waves();

  /// Reads of a large value, all in flight at once: one for so many calls.
  CallOutcomes read_large();

  /// calls_count writes by callers_count callers, one after the other each, who wait for room.
  CallOutcomes write_in_turn();

  /// Deletes the keys. Throws native::Error.
  void remove_keys();

 private:
  std::string key(std::string_view name) const;

  boost::asio::io_context& io_;
  const Target target_;
  const std::size_t calls_count_;
  const std::function<bool()> stopped_;
};

}  // namespace plimsoll::demo

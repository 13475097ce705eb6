#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/resp/parser.h"

namespace plimsoll {

/// The least that reply_bytes_max may be: a reply to HELLO fits.
inline constexpr std::size_t reply_bytes_max_min = 4096;

/// What a session needs to know. The texts are views: their owner (native Options, the loader)
/// outlives the session, and secrets are not copied.
struct SessionOptions {
  std::string_view username{};
  std::string_view password{};
  std::string_view client_name{};
  std::uint32_t database = 0;

  /// Requests and tombstones at a time, 1 at least.
  std::size_t inflight_requests_limit = 1000;

  /// For requests that bring no timeout of their own; zero: they wait for ever.
  Duration request_timeout = std::chrono::milliseconds(250);

  /// How long to try for the first connection, handshake included.
  Duration connect_timeout = std::chrono::seconds(2);

  /// How long an orderly close waits for replies that are owed.
  Duration close_timeout = std::chrono::seconds(1);

  /// Replies of more bytes are skipped as they stream past.
  std::size_t reply_bytes_max = bulk_bytes_max;
};

/// invalid_option, naming the field, where something makes no sense.
Status validate(const SessionOptions& options);

}  // namespace plimsoll

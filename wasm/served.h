#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/wasm/area.h"
#include "plimsoll/wasm/hosted_client.h"

// Looks up replies in a cache and writes them to the area. The host reads a reply that is one
// string directly in the cache, where it does not change before the next call. Any other reply is
// copied: to the area, or to a block if it is too large for that. Such a block, and the nodes of a
// reply, are paid for until clear().

namespace plimsoll::wasm {

class Served {
 public:
  explicit Served(AccountHandle replies) : replies_(std::move(replies)), reader_(*replies_) {}

  /// If the cache of `client` has a reply to these words that is at most `max_staleness` old,
  /// writes it to `area` as `nodes` nodes and returns true. The client's walk() has the rest of a
  /// large reply.
  bool look_up(HostedClient& client, std::span<const std::string_view> words,
               Duration max_staleness, Instant now, Area& area, std::uint32_t& nodes);

  /// The same for GET of `key`.
  bool look_up_key(HostedClient& client, std::string_view key, Duration max_staleness, Instant now,
                   Area& area, std::uint32_t& nodes);

  /// Releases what was needed for the last reply, once the host has read it. The walk() of its
  /// client ends.
  void clear();

  /// The client ends.
  void forget(const HostedClient& client) {
    if (walking_ == &client) clear();
  }

 private:
  bool look_up(NearCache& near, HostedClient& client, const commands::Question& question,
               Duration max_staleness, Instant now, Area& area, std::uint32_t& nodes);
  bool deliver(std::string_view reply, HostedClient& client, Area& area, std::uint32_t& nodes);
  bool deliver_copy(std::string_view reply, HostedClient& client, Area& area, std::uint32_t& nodes);

  AccountHandle replies_;
  Block kept_;
  WireReader reader_;
  HostedClient* walking_ = nullptr;  // its walk() leads through kept_
};

}  // namespace plimsoll::wasm

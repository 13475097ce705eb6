#pragma once

#include <array>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"
#include "plimsoll/native/bridge/shared/token_counts.h"

// The channels, patterns and shard channels that one WebSocket has subscribed to over shared
// connections, and how that is confirmed to it. An account pays for them, and they count for their
// token, from when they are asked for. No I/O.

namespace plimsoll::bridge {

class SubscribedNames {
 public:
  /// `account` must outlive this object.
  explicit SubscribedNames(Account& account) : charge_(account) {}

  /// Pays for names that are asked for, and counts them in `counts`, always the same while there
  /// are names. False: there is no memory.
  [[nodiscard]] bool pay(std::span<const std::string_view> names, TokenCounts& counts,
                         std::string_view token);
  /// They were refused.
  void give_back(const std::vector<std::string>& names);

  /// They are subscribed to. Returns their confirmations.
  std::string add(ChannelKind kind, const std::vector<std::string>& names, bool is_resp3);

  /// These names, or all of the kind if there are none.
  std::vector<std::string> meant_by(ChannelKind kind,
                                    std::span<const std::string_view> names) const;

  /// They are not subscribed to any more. Returns the confirmations.
  std::string remove(ChannelKind kind, const std::vector<std::string>& names, bool is_resp3);

  /// The WebSocket is gone: they count for nobody.
  void leave() { place_ = {}; }

  /// Channels and patterns, which are counted together.
  std::size_t subscriptions() const { return of(ChannelKind::channel) + of(ChannelKind::pattern); }
  std::size_t count() const { return subscriptions() + of(ChannelKind::shard); }

 private:
  using Names = std::set<std::string>;

  const Names& names_of(ChannelKind kind) const { return names_[static_cast<std::size_t>(kind)]; }
  Names& names_of(ChannelKind kind) { return names_[static_cast<std::size_t>(kind)]; }
  std::size_t of(ChannelKind kind) const { return names_of(kind).size(); }
  std::size_t count_for(ChannelKind kind) const {
    return kind == ChannelKind::shard ? of(kind) : subscriptions();
  }

  std::array<Names, 3> names_;
  std::size_t asked_ = 0;  // and not answered
  Charge charge_;
  TokenCounts::Hold place_;
};

}  // namespace plimsoll::bridge

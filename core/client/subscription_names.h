#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/pipeline.h"

// The channels and patterns of one subscription, and how far the server knows of them: what a new
// connection has to be told again. Each name is a block of its own, charged to `payer`.

namespace plimsoll {

/// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
enum class SubscriptionKind : std::uint8_t { channel, pattern, shard };

/// Names of one subscription at a time, and of one call.
inline constexpr std::size_t subscription_names_max = 65'535;

class SubscriptionNames {
 public:
  explicit SubscriptionNames(Account& payer) : payer_(payer) {}
  ~SubscriptionNames();
  SubscriptionNames(const SubscriptionNames&) = delete;
  SubscriptionNames& operator=(const SubscriptionNames&) = delete;

  /// Adds those that are not subscribed: they are `tag`'s until confirm() or forget(). All or none:
  /// rejected_by_limit (subscription_names_max, the connections pool).
  Status add(SubscriptionKind kind, std::span<const std::string_view> names, Tag tag);

  /// The request with this tag was confirmed: its names are subscribed.
  void confirm(Tag tag);

  /// The request with this tag failed: its names go.
  void forget(Tag tag);

  void remove(SubscriptionKind kind, std::span<const std::string_view> names);

  /// A new connection knows nothing of what is subscribed: all of it is to be restored.
  void handle_new_connection();

  /// Marks the next few names of one kind as on their way, as many as `names` has room for, and
  /// returns how many: views that live until they are removed.
  std::size_t begin_to_restore(std::span<std::string_view> names, SubscriptionKind& kind);

  /// What became of those on their way.
  void handle_restored();
  void handle_not_restored();
  /// The server refused them: they go.
  void drop_refused();

  std::size_t size() const { return size_; }

 private:
  enum class State : std::uint8_t { asked, subscribed, to_restore, on_the_way };

  // Its text lies behind it.
  struct Name {
    std::size_t size = 0;
    std::uint32_t hash = 0;
    SubscriptionKind kind{};
    State state = State::asked;
    Tag tag = 0;
    Box<Name> next{};

    std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size}; }
  };

  // The link to a name, or the end of the chain where it would be.
  Box<Name>* find(SubscriptionKind kind, std::string_view text);
  // Subscribed, or asked for by `tag`.
  bool is_known(SubscriptionKind kind, std::string_view text, std::optional<Tag> tag);
  bool insert(SubscriptionKind kind, std::string_view text, Tag tag);
  void erase(Box<Name>& link);
  void erase_all(State state, std::optional<Tag> tag);
  template <class Visit>
  void for_each(Visit&& visit);
  void move_all(State from, State to);

  Account& payer_;
  std::array<Box<Name>, 64> chains_;  // by hash
  std::size_t size_ = 0;
};

}  // namespace plimsoll

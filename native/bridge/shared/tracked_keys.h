#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/key_holder.h"

// Which WebSockets have taken values of which keys to keep them (TrackingHub). An account pays for
// all of it, as it grows. No I/O.
//
//   KeyHolder --- HeldKey --- TrackedKey
//
// Each is found from both ends, and the cost of a change does not grow with the number of holders.
// A key lives as long as it is held. Pointers are valid until the object is erased.

namespace plimsoll::bridge {

class TrackedKeys {
 public:
  /// What each of these costs, with its places in the maps; a key's text comes on top.
  static constexpr std::size_t key_bytes =
      64 + sizeof(std::uint64_t) + sizeof(std::string) + sizeof(TrackedKey);
  static constexpr std::size_t held_bytes = 64 + sizeof(HeldKey);
  static constexpr std::size_t holder_bytes = 192 + sizeof(KeyHolder);

  /// `account` must outlive this object. Only keys of a cluster have slots.
  TrackedKeys(Account& account, bool is_cluster) : is_cluster_(is_cluster), charge_(account) {}
  TrackedKeys(const TrackedKeys&) = delete;
  TrackedKeys& operator=(const TrackedKeys&) = delete;

  TrackedKey* find(std::string_view text);
  KeyHolder* find(const TrackingListener& listener);

  /// Null: the account has no room.
  KeyHolder* add_holder(TrackingListener& listener);
  /// The listener is gone, and the holder stays.
  void detach(KeyHolder& holder);
  /// The listener, which must have no holder, has this one, which must have no listener.
  void attach(KeyHolder& holder, TrackingListener& listener);
  /// With all of its keys; the cost grows with their number.
  void erase(KeyHolder& holder);

  /// The holder has taken a value of the key just now. False: the account has no room, and the
  /// holder does not hold the key.
  bool hold(KeyHolder& holder, std::string_view text);
  /// The key as well, if nobody else holds it.
  void erase(HeldKey& held);
  /// Erases all that the holder holds.
  void release(KeyHolder& holder);

  /// Some key of the slot; null: there is none.
  TrackedKey* find_in(std::uint16_t slot);

  /// The one that holds most, or half of that at least; of those whose listener is gone, if there
  /// are any. Null: there is no holder.
  KeyHolder* largest() const { return ranks_.empty() ? nullptr : ranks_.rbegin()->holder; }

  /// Calls `visit(KeyHolder&)`, which must not add or erase holders.
  template <class Visit>
  void for_each_holder(Visit&& visit) {
    for (auto& [address, holder] : holders_) visit(*holder);
  }

  bool has_holders() const { return !holders_.empty(); }
  std::size_t keys_count() const { return keys_.size(); }
  std::size_t held_count() const { return held_count_; }
  std::size_t listeners_count() const { return listeners_.size(); }
  std::size_t charged_bytes() const { return charge_.bytes(); }

 private:
  // Sorted, so that nobody can choose keys that are slow to find, and by slot first, so that all
  // keys of one are found.
  struct Name {
    std::uint16_t slot;
    std::string text;
  };
  struct NameView {
    std::uint16_t slot;
    std::string_view text;
    auto operator<=>(const NameView&) const = default;
  };
  struct Before {
    using is_transparent = void;
    static NameView view(const Name& name) { return {name.slot, name.text}; }
    static NameView view(const NameView& name) { return name; }
    bool operator()(const auto& one, const auto& other) const { return view(one) < view(other); }
  };

  // Where a holder stands among all. It moves when what it holds has doubled or halved. Of several
  // that hold as much, the one comes last that has been here, or away, the longest.
  struct Rank {
    bool is_away;
    unsigned size_class;
    std::uint64_t turn;
    KeyHolder* holder;
    auto operator<=>(const Rank&) const = default;
  };
  static Rank rank_of(KeyHolder& holder) {
    return {holder.listener == nullptr, holder.size_class, holder.turn, &holder};
  }
  void resize(KeyHolder& holder, std::size_t bytes);

  NameView name_of(std::string_view text) const;
  TrackedKey* obtain(std::string_view text);
  void erase_unused(const TrackedKey& key);
  static void link_as_newest(HeldKey& held);
  static void unlink(HeldKey& held);

  const bool is_cluster_;
  Charge charge_;
  std::size_t held_count_ = 0;
  std::map<Name, TrackedKey, Before> keys_;
  std::map<const KeyHolder*, std::unique_ptr<KeyHolder>> holders_;
  std::map<const TrackingListener*, KeyHolder*> listeners_;
  std::set<Rank> ranks_;
  std::uint64_t next_turn_ = UINT64_MAX;
};

}  // namespace plimsoll::bridge

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/key_holder.h"

// The names under which holders of keys (tracked_keys.h) are found again by clients whose
// connection was lost. No I/O.
//
//   give() --> attached --leave()--> away --come_back()--> attached
//                 |                   |
//                 +----- forget() ----+
//
// A name is a secret: a client that shows it hears of the keys that another one has read. It works
// for one owner only. It is the number of the thread's hub (TrackingHubs), so that other threads
// find it, and 120 random bits.

namespace plimsoll::bridge {

class HolderNames {
 public:
  /// How long a client may be away.
  static constexpr std::chrono::seconds away_max{120};
  static constexpr std::size_t name_bytes = 32;  // hexadecimal

  /// What a name costs, with its places in a map and a list; its messages come on top.
  static constexpr std::size_t bytes_each = 192 + sizeof(HolderName) + 2 * name_bytes;

  /// `account` must outlive this object.
  HolderNames(Account& account, std::uint8_t hub_number)
      : hub_number_(hub_number), charge_(account) {}
  HolderNames(const HolderNames&) = delete;
  HolderNames& operator=(const HolderNames&) = delete;

  /// The number of the hub that has given this name, if it is one.
  static std::optional<std::uint8_t> hub_number_of(std::string_view name);

  /// Gives the holder a new name, in place of one that it may have. False: there is no memory.
  bool give(KeyHolder& holder, std::string_view owner);
  /// Null: nobody has the name, or another owner has it.
  KeyHolder* find(std::string_view name, std::string_view owner) const;
  /// Fine also without a name.
  void forget(KeyHolder& holder);

  void leave(KeyHolder& holder, std::chrono::steady_clock::time_point now);
  void come_back(KeyHolder& holder);

  /// Null: nobody is away.
  KeyHolder* longest_away() const { return away_.empty() ? nullptr : away_.front(); }
  std::size_t away_count() const { return away_.size(); }
  std::size_t charged_bytes() const { return charge_.bytes(); }

 private:
  const std::uint8_t hub_number_;
  Charge charge_;  // of the messages, too
  std::map<std::string, KeyHolder*, std::less<>> holders_;
  std::list<KeyHolder*> away_;  // the longest first
};

}  // namespace plimsoll::bridge

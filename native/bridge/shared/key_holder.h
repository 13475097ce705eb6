#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/missed_messages.h"

// What one client of shared connections has kept, and what is remembered of it while it is away:
// the records of TrackedKeys and of HolderNames.

namespace plimsoll::bridge {

class TrackingListener;
struct KeyHolder;
struct TrackedKey;

struct HeldKey {
  KeyHolder* holder = nullptr;
  TrackedKey* key = nullptr;
  HeldKey* previous = nullptr;  ///< of the same key
  HeldKey* next = nullptr;
  HeldKey* older = nullptr;  ///< of the same holder, by when it took the key last
  HeldKey* newer = nullptr;
};

struct TrackedKey {
  std::string_view text;
  HeldKey* held = nullptr;  ///< the first
};

/// What a holder has beside its keys if its client may come back.
struct HolderName {
  HolderName(Charge& charge, std::string_view name, std::string_view owned_by)
      : text(name), owner(owned_by), missed(charge) {}

  const std::string text;
  const std::string owner;  ///< who may come back
  MissedMessages missed;
  std::uint64_t answered = 0;  ///< the last number when a PING was answered
  bool is_away = false;
  std::chrono::steady_clock::time_point left_at;
  std::list<KeyHolder*>::iterator place;  ///< among those that are away
};

struct KeyHolder {
  TrackingListener* listener = nullptr;  ///< null: its client is away
  std::unique_ptr<HolderName> name;      ///< null: nobody can come back to it
  std::map<const TrackedKey*, HeldKey> keys;
  HeldKey* oldest = nullptr;
  HeldKey* newest = nullptr;
  std::size_t bytes = 0;  ///< of what it holds, as if nobody else held the same keys
  // By these TrackedKeys finds the one that holds most.
  unsigned size_class = 0;
  std::uint64_t turn = 0;
};

}  // namespace plimsoll::bridge

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/tests/sim/model/text_map.h"
#include "plimsoll/tests/sim/model/time.h"
#include "plimsoll/tests/sim/model/value.h"

namespace plimsoll::sim::model {

/// The keys of one database, each with a value and perhaps a time in milliseconds after which it is
/// expired. An expired key stays until somebody removes it, as in the real server.
class Database {
 public:
  struct Entry {
    Value value;
    std::optional<std::int64_t> expires_at;
  };

  std::size_t size() const { return entries_.size(); }

  /// Null if there is none. Expired keys are found too. Valid until the key is erased or replaced.
  Entry* find(std::string_view key);

  /// Sets the value; what the key had, its expiry too, is gone.
  Entry& replace(std::string_view key, Value value);

  /// Gives an existing key another expiry, or none.
  void expire_at(std::string_view key, Entry& entry, std::optional<std::int64_t> time);

  /// How many keys went: one or none.
  std::size_t erase(std::string_view key);
  void clear();

  /// The key that has been expired for longest, or null.
  const std::string* oldest_expired(Time now) const;
  std::optional<std::int64_t> first_expiry() const;

 private:
  TextMap<Entry> entries_;
  std::set<std::pair<std::int64_t, std::string>> expiries_;
};

inline bool is_expired(const Database::Entry& entry, Time now) {
  return entry.expires_at && now.milliseconds() > *entry.expires_at;
}

}  // namespace plimsoll::sim::model

#include "plimsoll/tests/sim/model/database.h"

namespace plimsoll::sim::model {

Database::Entry* Database::find(std::string_view key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Database::Entry& Database::replace(std::string_view key, Value value) {
  if (Entry* entry = find(key)) {
    expire_at(key, *entry, std::nullopt);
    entry->value = std::move(value);
    return *entry;
  }
  return entries_.emplace(std::string(key), Entry{std::move(value), std::nullopt}).first->second;
}

void Database::expire_at(std::string_view key, Entry& entry, std::optional<std::int64_t> time) {
  if (entry.expires_at) expiries_.erase({*entry.expires_at, std::string(key)});
  if (time) expiries_.emplace(*time, std::string(key));
  entry.expires_at = time;
}

std::size_t Database::erase(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return 0;
  expire_at(key, found->second, std::nullopt);
  entries_.erase(found);
  return 1;
}

void Database::clear() {
  entries_.clear();
  expiries_.clear();
}

const std::string* Database::oldest_expired(Time now) const {
  if (expiries_.empty() || expiries_.begin()->first >= now.milliseconds()) return nullptr;
  return &expiries_.begin()->second;
}

std::optional<std::int64_t> Database::first_expiry() const {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

}  // namespace plimsoll::sim::model

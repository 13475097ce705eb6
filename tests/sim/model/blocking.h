#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/tests/sim/model/connections.h"
#include "plimsoll/tests/sim/model/database.h"
#include "plimsoll/tests/sim/model/time.h"

namespace plimsoll::sim::model {

/// Who waits for which lists, in the order of their coming, and which of these have got something.
/// Whoever is served has their command executed once more.
class Blocking {
 public:
  explicit Blocking(Connections& connections) : connections_(&connections) {}

  void block(Connection& connection, Blocked blocked, std::vector<std::string> keys);
  /// It waits no longer, for whatever reason. Nothing if it does not.
  void unblock(Connection& connection);

  /// To be called behind every change of a key.
  void key_changed(int database, std::string_view key, const Database::Entry* after);

  /// The next one that is to be tried again since some list has got something: unblocked already.
  struct Retry {
    ClientId client;
    Blocked what;
  };
  template <class FindList>
  std::optional<Retry> next_retry(const FindList& is_list);

  std::optional<Time> next_timeout() const;
  /// The connections whose time is over, each of which is unblocked by that.
  std::vector<ClientId> take_timed_out(Time now);

 private:
  using Key = std::pair<int, std::string>;

  std::optional<Retry> try_next(const Key& key);

  Connections* connections_;
  std::map<Key, std::vector<ClientId>> waiting_;
  std::vector<Key> ready_;          // lists that have got something, in that order
  std::vector<ClientId> to_serve_;  // of the first of these
  bool serving_ = false;
};

template <class FindList>
std::optional<Blocking::Retry> Blocking::next_retry(const FindList& is_list) {
  while (!ready_.empty()) {
    const Key key = ready_.front();
    if (!std::exchange(serving_, true)) to_serve_ = waiting_[key];
    if (is_list(key.first, key.second)) {
      if (std::optional<Retry> retry = try_next(key)) return retry;
    }
    if (waiting_[key].empty()) waiting_.erase(key);
    ready_.erase(ready_.begin());
    serving_ = false;
  }
  return std::nullopt;
}

}  // namespace plimsoll::sim::model

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/native/driver/connections.h"

namespace plimsoll::inline v0::native {

/// What an error says besides the core's words: the system's or the peer's own about a connection,
/// and of a client with several addresses, what came of the last attempt at each. Used only in the
/// client's turns, under its lock.
class FailureWords {
 public:
  /// Both must outlive this.
  FailureWords(const Target& target, Connections& connections)
      : target_(target), connections_(connections) {}

  /// The transport's last problem with the main connection; empty if it was opened since.
  const std::string& of_main() const;

  /// What the error of a failed request says in addition: the problem of its side connection, if it
  /// had one, or of the node of a cluster for which it waited; else why there is no main
  /// connection.
  std::string of(const Event& event, const plimsoll::Client& core) const;

  /// Whether the client has several addresses, or those of sentinels. Otherwise there is nothing to
  /// note: the only one is in each error anyway.
  bool are_several() const { return target_.endpoints.size() > 1 || asks_sentinels(); }

  /// Notes what came of the last attempt at the main connection: `problem`, of the core.
  void note_attempt(const plimsoll::Error& problem);
  /// The client is connected: what was tried before matters no more.
  void forget_attempts() { attempts_.clear(); }
  /// "10.0.0.1:6379: Connection refused; 10.0.0.2:6379: the server is a replica", in the order of
  /// the addresses; or what came of each sentinel, unless `last`, the last problem, is that of the
  /// server that they have named.
  std::string of_attempts(const plimsoll::Client& core, const plimsoll::Error& last) const;

 private:
  bool asks_sentinels() const { return !target_.primary_name.empty(); }
  std::string describe(const plimsoll::Error& problem) const;

  const Target& target_;
  Connections& connections_;
  std::vector<std::string> attempts_;  // by the number of the address
};

}  // namespace plimsoll::inline v0::native

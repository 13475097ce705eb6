#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/session/session.h"

// Whose replies a client's main connection brings, and so whose entries of the cache the client may
// be served. A source is a place (server, database, protocol), what is shown on the way there (a
// bridge's token), and a user. Only the server knows the user: it is asked (ACL WHOAMI) in the
// handshake and after each AUTH. Where the server does not say, the credentials that it took stand
// for the user.
//
// Owned by NearCache, which passes on the events that may change the user.
//
// Invariants:
//  - While number() is Sources::none, nothing is looked up or stored.
//  - A source is entered only when the connection is ready, its user is known, and no AUTH on it is
//    unanswered. Replies that come while one is unanswered belong to the former user, because
//    replies come in the order of the requests.
//  - Leaving a source seals all fetches: a read for one user never shares the reply to a read for
//    another.
//  - A loss of the connection alone does not leave the source. The next connection is asked for its
//    user, and handle_ready() enters the source of that one.

namespace plimsoll {

class ReplySource {
 public:
  /// All must outlive this. The session asks for the user on each connection from now on; so this
  /// comes before Session::connect().
  ReplySource(cache::Cache& cache, Session& main, Fetches& fetches, std::string_view place);
  ReplySource(const ReplySource&) = delete;
  ReplySource& operator=(const ReplySource&) = delete;

  /// The source's number in the cache; Sources::none if nobody knows whose replies come. From any
  /// thread.
  std::uint32_t number() const {
    const cache::Sources::Source* const source = source_.load(std::memory_order_acquire);
    return source == nullptr ? cache::Sources::none : source->number();
  }

  /// Client::set_shown(). Leaves the source if the text is another one.
  void set_shown(std::string_view text);

  /// The main connection is there, and its handshake begins: with the credentials that the session
  /// has now.
  void handle_opened();

  /// The answer to ACL WHOAMI: an event with the tag internal_user.
  void handle_user(const Event& event);

  /// The handshake is done.
  void handle_ready();

  /// The session is about to be given new credentials.
  void handle_credentials(const Credentials& credentials);

  /// The answer to an AUTH: an event with the tag internal_auth.
  void handle_auth_outcome(const Event& event);

  /// Asks for the user if there was no room to ask before.
  void retry() {
    if (is_unasked_) ask();
  }

  /// An event with an error, of any connection of the client. If it says that the user lacks a
  /// right, drops all that the cache has of that user. Returns whether it did.
  bool drop_if_refused(const Event& event);

  /// Leaves the source, and seals the fetches.
  void leave();

 private:
  void ask();
  void enter();

  cache::Cache& cache_;
  Session& main_;
  Fetches& fetches_;
  std::atomic<cache::Sources::Source*> source_{nullptr};
  // The user's before the AUTH that is under way: replies are his until the server has answered it.
  cache::Sources::Source* former_ = nullptr;
  const cache::KeyHash place_;
  cache::KeyHash shown_{};
  cache::KeyHash user_{};  // valid if has_user_
  bool has_user_ = false;
  bool is_unasked_ = false;          // there was no room to ask
  bool auth_refused_ = false;        // since the connection was made
  bool may_ping_ = true;             // as far as the server has said
  std::uint32_t auths_pending_ = 0;  // AUTHs on this connection that the server has not answered
};

}  // namespace plimsoll

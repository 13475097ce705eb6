#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/session/session.h"

// Finds out whose replies a client's main connection brings, and so which source's entries the
// cache may serve to the client. A source is a place (server, database, protocol), the text shown
// on the way there (a bridge's token), and a user. Only the server knows the user: the client asks
// for it (ACL WHOAMI) in the handshake and after each AUTH. If the server does not say, the
// credentials that the server accepted stand for the user.
//
// NearCache owns it and passes on the events that may change the user.
//
// Invariants:
//  - While number() is Sources::none, nothing is looked up or stored.
//  - A source is entered only when the connection is ready, its user is known, and no AUTH on it is
//    unanswered. Replies that come while one is unanswered belong to the former user, because
//    replies come in the order of the requests.
//  - Leaving a source seals all fetches: a read for one user never shares the reply to a read for
//    another.
//  - The loss of the connection alone does not leave the source. The client asks for the user of
//    the next connection, and handle_ready() enters that user's source.

namespace plimsoll::inline v0 {

class ReplySource {
 public:
  /// All arguments must outlive this object. From now on the session asks for the user on each
  /// connection, so construct this before Session::connect().
  ReplySource(cache::Cache& cache, Session& main, Fetches& fetches, std::string_view place);
  ReplySource(const ReplySource&) = delete;
  ReplySource& operator=(const ReplySource&) = delete;

  /// The source's number in the cache; Sources::none while the source is not known. From any
  /// thread.
  std::uint32_t number() const {
    const cache::Sources::Source* const source = source_.load(std::memory_order_acquire);
    return source == nullptr ? cache::Sources::none : source->number();
  }

  /// Client::set_shown(). Leaves the source if the text differs from the last one.
  void set_shown(std::string_view text);

  /// The server is a node of a cluster, and what is read in a cluster is shared with nobody who
  /// reads at this server only.
  void enter_cluster();

  /// What this client reads is shared with no other: it reads from replicas, and what it gets there
  /// may be older than what other clients of the cache have written. `client`: its number in the
  /// cache.
  void keep_apart(std::uint32_t client);

  /// The main connection is open, and its handshake begins, with the session's present credentials.
  void handle_opened();

  /// The answer to ACL WHOAMI: an event with the tag internal_user.
  void handle_user(const Event& event);

  /// The handshake is over.
  void handle_ready();

  /// Call this before the session gets new credentials.
  void handle_credentials(const Credentials& credentials);

  /// The answer to an AUTH: an event with the tag internal_auth.
  void handle_auth_outcome(const Event& event);

  /// Asks for the user if there was no room for the question before.
  void retry() {
    if (is_unasked_) ask();
  }

  /// Handles an event with an error, from any connection of the client. If the server says that the
  /// user lacks a right, drops all of the user's entries. Returns whether it did.
  bool drop_if_refused(const Event& event);

  /// Whether the server says in this event that the user lacks a right, or is not authenticated.
  /// CLIENT CACHING and PTTL in front of a fetch do not count: the read goes on without them.
  static bool is_about_rights(const Event& event);

  /// Leaves the source, and seals the fetches.
  void leave();

 private:
  void ask();
  void enter();

  cache::Cache& cache_;
  Session& main_;
  Fetches& fetches_;
  std::atomic<cache::Sources::Source*> source_{nullptr};
  // The source of the user before the AUTH that is under way: replies belong to this user until the
  // server has answered the AUTH.
  cache::Sources::Source* former_ = nullptr;
  cache::KeyHash place_;
  cache::KeyHash shown_{};
  cache::KeyHash user_{};  // valid if has_user_
  bool has_user_ = false;
  bool is_unasked_ = false;    // ACL WHOAMI has yet to be sent: there was no room
  bool auth_refused_ = false;  // on this connection
  bool may_ping_ = true;       // false once the server has refused a PING
  std::uint8_t refused_ = 0;   // a bit for each question_of_reader() that a server has refused
  std::uint32_t auths_pending_ = 0;  // AUTHs on this connection that the server has not answered
};

}  // namespace plimsoll::inline v0

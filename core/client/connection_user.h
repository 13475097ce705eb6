#pragma once

#include <utility>

#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Whether a connection beside the main one still has the user that the client had before: a server
/// that has refused an AUTH, or has yet to get it, answers reads as the former user, and a near
/// cache must not store that for the new one.
class ConnectionUser {
 public:
  bool is_former() const { return is_former_; }

  /// The connection is ready: it has the client's credentials.
  void begin() { is_former_ = has_refused_auth_ = false; }
  /// Call this with each event of the session.
  void handle_event(const Event& event) {
    if (event.kind == Event::Kind::credentials_refused) is_former_ = true;
    if (event.tag != internal_auth) return;
    if (event.kind == Event::Kind::queueing_failed) {
      has_refused_auth_ = true;  // its other answer is to come
    } else if (event.kind == Event::Kind::completed || event.kind == Event::Kind::failed) {
      const bool is_refused = std::exchange(has_refused_auth_, false);
      is_former_ = is_refused || event.kind == Event::Kind::failed;
    }
  }
  /// Call this after anything that may have changed the session's state.
  void follow(const Session& session) {
    if (session.are_credentials_unsent()) is_former_ = true;
  }

 private:
  bool is_former_ = false;
  bool has_refused_auth_ = false;  // the AUTH whose last answer is still to come
};

}  // namespace plimsoll::inline v0

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/moved_requests.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// The requests that a client was given before it knew that its server is a node of a cluster. They
/// lie in the main session, which sends nothing yet (Session::find_mode()). Those with a key go to
/// the cluster, in order, where they wait for the owners of their slots; those without stay; and
/// those that a client of a cluster refuses end with its error.
///
/// A request that began to wait for room in that time was not looked at either: it is once there is
/// room (note_admitted()).
class EarlyRequests {
 public:
  /// Both must outlive this object.
  EarlyRequests(Session& main, Cluster& cluster);
  EarlyRequests(const EarlyRequests&) = delete;
  EarlyRequests& operator=(const EarlyRequests&) = delete;

  /// Moves all that can go to the cluster. Walks over all requests. Call this once, before anything
  /// else is submitted.
  void move();

  /// The next request that is refused. The main session sends nothing until this has returned
  /// nothing, and until then the cluster must not be asked for events.
  std::optional<Event> poll_event();

  /// The cluster has been given the request `id`, which has waited for room. Call poll_event()
  /// before anything else of the cluster.
  void note_admitted(const CommandView& command, RequestId id, Tag tag);

  /// Whether a request of the main session is in the cluster now.
  bool has_moved(RequestId id) { return moved_.find(id).has_value(); }
  /// Its id there, or `id` itself.
  RequestId id_of(RequestId id) { return moved_.find(id).value_or(id); }

  /// Gives up what is only needed to cancel requests that have been answered. Takes as many steps
  /// as it forgets.
  void forget_answered();

 private:
  struct Judgement {
    Route route{};
    std::optional<Error> refusal{};
    bool stays = false;  // it has no key
  };
  Judgement judge(const Pipeline::Handed& request) const;
  bool adopt(const Pipeline::Handed& request, const Route& route);
  std::optional<Event> poll_admitted();
  Event failed(Tag tag, const Error& error);

  Session& main_;
  Cluster& cluster_;
  RequestId next_ = 0;   // the first that poll_event() has not looked at
  const RequestId end_;  // requests before this one are early
  bool are_sorted_ = false;
  // Those that have left for lack of memory, so that the next ones find some. Beyond these, they
  // stay in the main session until they are told.
  std::array<Tag, 64> without_room_{};
  std::uint8_t without_room_count_ = 0;
  std::uint8_t without_room_reported_ = 0;
  MovedRequests moved_;
  // The request of the last note_admitted(), if it is refused. There is never a second one: the
  // client asks poll_event() before it admits the next.
  struct Admitted {
    RequestId id;
    Tag tag;
    Error refusal;
  };
  std::optional<Admitted> admitted_{};
  Error event_error_{};
};

}  // namespace plimsoll::inline v0

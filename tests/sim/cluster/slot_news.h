#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/cluster/slots.h"
#include "plimsoll/tests/sim/ledger.h"

// The book of what the servers of a cluster have said of slots, and how much of that each client
// has read: what a client must not do from then on. It goes by the bytes of connections, and asks
// the client only with which servers it has trouble: a MOVED to one of those need not be followed.
//
// Strict rules hold for writes alone, since servers see of which request they are. A MOVED to a
// read may have been read by a client for whom nobody waits any more.

namespace plimsoll::sim {

class SlotNews {
 public:
  struct Said {
    enum class What : std::uint8_t {
      moved,   // to `server`
      down,    // CLUSTERDOWN
      view,    // the answer to CLUSTER SLOTS
      served,  // a command for keys of the slot, without ASKING
    } what;
    SlotNumber slot = 0;
    RequestNumber number = 0;  // of the write that is answered
    std::size_t server = 0;    // moved: where to
    std::uint64_t question_end =
        0;                  // view: so many bytes of the connection were the question's end
    Instant at{};           // served: when
    bool is_owner = false;  // served: by the owner of the slot
    std::vector<std::string> keys{};
  };

  // What servers do.

  /// The reply ends behind so many bytes of the connection.
  void note_said(std::uint64_t link, std::uint64_t end, Said said);

  /// Whether the client has read, before it was given this write, that another server than this one
  /// has the slot, and has heard nothing newer since.
  bool was_sent_elsewhere(RequestNumber number, SlotNumber slot, std::size_t server) const;

  // What clients do.

  /// The caller has a new client, which knows nothing.
  void begin(std::uint32_t caller) { callers_[caller] = {}; }
  void note_submitted(std::uint32_t caller, RequestNumber number);
  /// The write has an outcome: the client need not heed what comes of it later, and need not have
  /// heeded what it has read at the same time, since its deadline may have passed first.
  void note_ended(std::uint32_t caller, RequestNumber number, Instant now);
  /// A request for the slot has ended with a MOVED, so that the client does not follow this one.
  void note_unheeded(std::uint32_t caller, SlotNumber slot);
  void note_sent(std::uint64_t link, std::uint64_t bytes);
  /// `has_trouble`: whether the client has trouble with that server.
  void note_read(std::uint32_t caller, std::uint64_t link, std::uint64_t bytes, Instant now,
                 const std::function<bool(std::size_t)>& has_trouble);

  /// When the slot's owner has run what the caller's client has read the answer to; the beginning
  /// of time if another server has answered since.
  Instant answered_at(std::uint32_t caller, SlotNumber slot) const;
  /// Whether the server that has answered last what is asked of this key has said since that the
  /// slot is elsewhere, or that the cluster is down: then what it has answered does not count.
  bool is_forgotten(std::uint32_t caller, const std::string& key) const;

 private:
  using Clock = std::uint64_t;  // counts what happens; 0: never
  struct Link {
    std::uint64_t sent = 0;
    std::vector<std::pair<std::uint64_t, Clock>> sent_until;  // so many bytes, at that time
    std::uint64_t read = 0;
    std::deque<std::pair<std::uint64_t, Said>> said;  // by its end; not read yet
    Clock down_at = 0;
    std::map<SlotNumber, Clock> left_at;
  };
  struct Moved {
    std::size_t to;
    Clock at;
    RequestNumber number;
    Instant when;
  };
  struct Answered {
    std::uint64_t link;
    Clock at;
  };
  struct Caller {
    std::map<SlotNumber, Moved> moved;
    std::map<SlotNumber, Instant> owner_answered;
    std::map<std::string, Answered> answered;  // by key
  };
  struct Submitted {
    std::uint32_t caller;
    Clock at;
  };

  void heed(Caller& caller, std::uint64_t link_number, Link& link, const Said& said,
            const std::function<bool(std::size_t)>& has_trouble);
  Clock sent_at(const Link& link, std::uint64_t end) const;

  Clock clock_ = 0;
  Instant now_{};
  std::map<std::uint64_t, Link> links_;
  std::map<std::uint32_t, Caller> callers_;
  std::map<RequestNumber, Submitted> submitted_;
};

}  // namespace plimsoll::sim

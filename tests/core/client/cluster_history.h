#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/client/cluster_model.h"
#include "plimsoll/tests/core/commands/wire.h"

// The requests of one caller, in the order of submission, and what came of each. fault() compares
// them with what the nodes of a model have run:
//
//  - Each request had one outcome, and one only (note_outcome() checks the second at once).
//  - Nothing was run twice. What ended with `executed` no was never run, what succeeded was run.
//  - The writes of one slot were run in the order of submission. That does not hold for those that
//    were told to be in doubt: a node may run these when nobody waits for them any more. Nor for
//    what a node ran behind a request that it refused, before the client could know of the refusal:
//    a slot may come back, and while it moves key by key, ASK is said for some of its keys only.
//  - A read saw all writes of its key that came before it and succeeded, in their order, and none
//    that came after it. Only a failover may lose writes, if the test says so.
//  - A read that a replica has run saw the same writes of this client, and perhaps later ones:
//    they go another way. If there is a lag_max, what it saw is all that the key held at its owner
//    at some time, and not so long before the read was submitted.
//  - A read that a cache may answer saw all writes of this client that had succeeded when it was
//    submitted. How old it may be, note_cached_for() says, too.
//
// Writes are RPUSH (or EVAL) of texts that begin with the request's tag, reads are LRANGE.

namespace plimsoll::testing {

class ClusterHistory {
 public:
  void note_submitted(Tag tag, const std::vector<Words>& commands, Instant now = {});
  void note_outcome(Tag tag, const std::string& outcome, const Error* error);
  /// A failover or a takeover has lost writes of these keys, if they succeeded until now.
  void note_lost(const std::string& key);
  /// The request was sent to a replica. If it does not answer, a read goes on, and may see what
  /// was written meanwhile.
  void note_sent_to_replica(Tag tag) { calls_.at(tag).was_at_replica = true; }
  /// Somebody else appends this element to a key. Only the age of a read says whether it must have
  /// seen that.
  void note_elsewhere(const std::string& element) { elsewhere_.insert(element); }
  /// Until now a node has taken the key's slot for its own that is not the owner. Nobody who reads
  /// there, or at its replicas, can know how old that is.
  void note_disputed(const std::string& key, Instant now) { disputed_until_[key] = now; }
  /// Reads in words_of_any_read() may be found in a cache, where they are for so long.
  void note_cached_for(Duration served_max) { cached_for_ = served_max; }
  /// A node has run this command earlier than one that was submitted before, and no client could
  /// have prevented it.
  void note_unordered(const Words& words);
  /// LRANGE of all elements, in words that tell whose it is.
  static Words words_of_read(Tag tag, const std::string& key) {
    return {"LRANGE", key, "0", std::to_string(reads_from + tag)};
  }

  /// The same, in words that all reads of the key share.
  static Words words_of_any_read(const std::string& key) { return {"LRANGE", key, "0", "-1"}; }

  std::string outcome(Tag tag) const;
  bool has_ended(Tag tag) const { return !outcome(tag).empty(); }
  bool has_succeeded(Tag tag) const { return calls_.at(tag).has_succeeded; }
  std::size_t pending_count() const { return pending_; }
  std::size_t calls_count() const { return calls_.size(); }
  /// How many requests ended with each code; those that succeeded have no code.
  std::size_t failed_count(ErrorCode code) const;
  std::size_t succeeded_count() const { return succeeded_; }
  /// The tags of all requests without an outcome.
  std::vector<Tag> pending() const;

  /// The first broken promise that it finds, in a sentence; empty: there is none.
  /// `lag_max`: how old what replicas answer may be. None: that is not looked at.
  std::string fault(const ClusterModel& model, std::optional<Duration> lag_max = {}) const;
  /// Fails the test that runs if there is a fault().
  void verify(const ClusterModel& model, std::optional<Duration> lag_max = {}) const;
  /// How many reads that replicas have run fault() would compare with what the owner held.
  std::size_t dated_reads_count(const ClusterModel& model, Duration lag_max) const;
  /// How many writes were run after one of the same slot that was submitted later.
  std::size_t inversions(const ClusterModel& model) const;

 private:
  struct Call {
    std::size_t place = 0;
    std::size_t ended = 0;  // the last place that there was when it ended
    bool may_be_cached = false;
    bool was_at_replica = false;
    Instant at{};
    unsigned slot = 0;
    std::string key{};
    std::vector<std::string> written{};  // the elements that it appends
    bool is_read = false;
    bool is_ordered = true;
    std::string outcome{};
    bool has_succeeded = false;
    Executed executed = Executed::no;
    ErrorCode code{};
  };

  static constexpr Tag reads_from = 1'000'000;

  bool is_told_in_doubt(const Call& call) const {
    return !call.has_succeeded && call.executed != Executed::no;
  }
  enum class RunBy { owner, perhaps_replica };
  std::string fault_of_read(const Call& read, RunBy run_by) const;
  std::string fault_of_age(const Call& read, const ClusterModel& model, Duration lag_max) const;
  bool is_dated(const Call& call, Duration lag_max) const;
  static std::optional<Tag> reader_in(const Words& words);
  static std::map<Tag, Instant> run_by_replicas(const ClusterModel& model);

  std::map<Tag, Call> calls_;
  std::map<std::string, Tag> writers_;              // by element
  std::set<std::string> elsewhere_;                 // elements that others have written
  std::map<std::string, std::set<Tag>> by_key_;     // the writes of a key
  std::map<std::string, std::size_t> lost_before_;  // by key: writes up to this place may be lost
  std::map<std::string, Instant> disputed_until_;   // by key
  Duration cached_for_{};
  std::size_t places_ = 0;
  std::size_t pending_ = 0;
  std::size_t succeeded_ = 0;
};

}  // namespace plimsoll::testing

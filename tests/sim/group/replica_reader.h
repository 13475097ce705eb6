#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/group/group.h"
#include "plimsoll/tests/sim/group/hearsay.h"

// What a caller has who reads from replicas: how its client is to choose them, and what their
// answers are held against. It looks at what servers have run, and at nothing that the client has
// made of their INFO.

namespace plimsoll::sim {

class ReplicaReader {
 public:
  ReplicaReader(Environment& environment, std::uint32_t number, Group& group, const Driver& driver,
                const Hearsay& hearsay);

  const ReplicaOptions& options() const { return options_; }
  std::size_t inflight_requests_limit() const { return inflight_requests_limit_; }

  /// Whether a replica has answered this read.
  bool is_by_replica(RequestNumber read) const;

  /// A replica's answer to a read: the write that `found` is the number of, or none.
  /// `acknowledged`: the writes of that key of which this client was told, before it was asked to
  /// read at `asked_at`.
  void check(RequestNumber read, RequestNumber found, std::string_view key, Instant asked_at,
             std::span<const RequestNumber> acknowledged);

  /// The same for what the client's cache has, whoever has answered that. The cache's lease must
  /// not be longer than lag_max.
  void check_hit(RequestNumber found, std::string_view key, Instant asked_at,
                 std::span<const RequestNumber> acknowledged);

  /// A read has failed.
  void check_failed(RequestNumber read, const Error& error);

  /// The faults are over.
  void await_return() { reads_before_ = driver_.replica_counters().reads; }
  /// There is another client.
  void note_new_client() { reads_before_ = 0; }
  /// Whether replicas are read since then, or need not be by what the client is to choose.
  bool have_reads_returned();

 private:
  bool prefers_replicas() const;
  bool check_age(RequestNumber found, std::string_view key, Instant asked_at,
                 std::span<const RequestNumber> acknowledged);
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  Group& group_;
  const Driver& driver_;
  const Hearsay& hearsay_;
  ReplicaOptions options_;
  std::size_t inflight_requests_limit_ = 0;
  std::uint64_t reads_before_ = 0;
  bool have_returned_ = false;
};

}  // namespace plimsoll::sim

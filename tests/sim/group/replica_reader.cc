#include "plimsoll/tests/sim/group/replica_reader.h"

#include <algorithm>

#include "plimsoll/tests/sim/group/replica_choices.h"

namespace plimsoll::sim {
namespace {

constexpr std::size_t roomy_limit = 1000;

}  // namespace

ReplicaReader::ReplicaReader(Environment& environment, std::uint32_t number, Group& group,
                             const Driver& driver, const Hearsay& hearsay)
    : environment_(environment),
      number_(number),
      group_(group),
      driver_(driver),
      hearsay_(hearsay) {
  Random random(environment.scenario.seed, Random::Purpose::reader, number);
  options_ = draw_replica_options(random);
  inflight_requests_limit_ = random.one_in(3) ? random.between(1, 5) : roomy_limit;
}

bool ReplicaReader::is_by_replica(RequestNumber read) const {
  const ReadBook::Answer answer = group_.reads().answer_to(read);
  return answer.link != 0 && hearsay_.is_for_reads(answer.link);
}

// A client reads its own writes from a replica by their marks, however short or long lag_max is.
//
// For everybody's writes lag_max decides. What was asked at T may be answered by a replica that is
// proved to have all that the primary had run when the client put its question to the primary, and
// that was at T - lag_max at the earliest, by the client's clock. The question was staged no
// earlier than that clock said, so the client may be wrong by one step of its clock, since at T
// that may have stood still for so long. Nothing else excuses a replica: how long INFO takes, and
// how long ago the replica said what it has, is in favour of what it has.
//
// All of that is about the server that the client takes for the primary. A client that was with
// another one after a failover, and did not know, has asked that one. Once it is with the primary,
// only what that one has proved counts; while it is with none, what the last one has.
void ReplicaReader::check(RequestNumber read, RequestNumber found, std::string_view key,
                          Instant asked_at, std::span<const RequestNumber> acknowledged) {
  environment_.coverage.count(Deed::read_at_replica);
  const std::uint64_t link = group_.reads().answer_to(read).link;
  require(hearsay_.has_heard_of(group_.reads().histories(link)),
          "a replica is read only if it has said that its history is the primary's");
  check_age(found, key, asked_at, acknowledged);
}

// An entry that was read at the primary is proved on the primary's connection, within the lease.
void ReplicaReader::check_hit(RequestNumber found, std::string_view key, Instant asked_at,
                              std::span<const RequestNumber> acknowledged) {
  const bool is_astray = hearsay_.main_server() &&
                         *hearsay_.main_server() != group_.primary();  // since its last event
  if (is_astray) return;
  if (check_age(found, key, asked_at, acknowledged)) environment_.coverage.count(Deed::group_hit);
}

// Returns false if the client is excused.
bool ReplicaReader::check_age(RequestNumber found, std::string_view key, Instant asked_at,
                              std::span<const RequestNumber> acknowledged) {
  const Instant oldest = asked_at - options_.lag_max - driver_.clock_step();
  const bool was_with_primary = driver_.is_ready() && driver_.ready_since() <= asked_at;
  if (hearsay_.astray_until() >= (was_with_primary ? asked_at : oldest)) return false;
  const WriteBook& writes = group_.writes();
  require(found == 0 || writes.has_run(found), "a replica answers with what was written");
  std::uint64_t least = 0;
  for (const RequestNumber own : acknowledged) {
    if (!writes.is_lost(own)) least = std::max(least, writes.sequence(own));
  }
  if (least > 0) environment_.coverage.count(Deed::read_own_at_replica);
  require(writes.sequence(found) >= least,
          "a caller reads from replicas, too, what it was told that it wrote");

  require(!writes.is_lost(found), "no replica answers for long with what a failover has lost");
  std::uint64_t settled = 0;
  for (const RequestNumber each : writes.of_key(key)) {
    if (writes.ran_at(each) > oldest || writes.is_lost(each)) continue;
    settled = std::max(settled, writes.sequence(each));
  }
  if (settled > least) environment_.coverage.count(Deed::read_bound_by_lag);
  require(writes.sequence(found) >= settled,
          "what a replica answers is not older than lag_max against what the primary had");
  return true;
}

// What one replica refuses, another server can answer: at the latest the primary, which may take as
// many more requests as are in flight at replicas.
void ReplicaReader::check_failed(RequestNumber read, const Error& error) {
  const bool is_refused =
      error.code == ErrorCode::server_loading || error.code == ErrorCode::primary_down;
  require(!is_refused || !is_by_replica(read), "no read fails because a replica refuses it");
}

// By zones, the primary may be the better choice for good; by latency, too.
bool ReplicaReader::prefers_replicas() const {
  switch (options_.read_from) {
    case ReadFrom::primary:
    case ReadFrom::lowest_latency: return false;
    case ReadFrom::prefer_replica:
    case ReadFrom::az_affinity: return true;
    case ReadFrom::az_affinity_replicas_and_primary:
      return group_.has_replica_in(options_.zone) ||
             group_.zone_of(group_.primary()) != options_.zone;
  }
  return false;
}

bool ReplicaReader::have_reads_returned() {
  if (have_returned_ || !prefers_replicas()) return true;
  if (driver_.replica_counters().reads <= reads_before_) return false;
  have_returned_ = true;
  environment_.coverage.count(Deed::reads_returned);
  return true;
}

}  // namespace plimsoll::sim

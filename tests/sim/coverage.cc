#include "plimsoll/tests/sim/coverage.h"

#include <type_traits>

namespace plimsoll::sim {
namespace {

template <class T, std::size_t N>
void add_all(std::array<T, N>& to, const std::array<T, N>& from) {
  for (std::size_t i = 0; i < N; ++i) {
    if constexpr (std::is_integral_v<T>) {
      to[i] += from[i];
    } else {
      add_all(to[i], from[i]);
    }
  }
}

}  // namespace

const char* name(Session::State state) {
  switch (state) {
    case Session::State::idle: return "idle";
    case Session::State::waiting: return "waiting";
    case Session::State::opening: return "opening";
    case Session::State::handshaking: return "handshaking";
    case Session::State::ready: return "ready";
    case Session::State::closing: return "closing";
    case Session::State::closed: return "closed";
  }
  return "";
}

const char* name(Deed deed) {
  constexpr std::array<const char*, deeds_count> names = {"transaction_completed",
                                                          "transaction_refused",
                                                          "transaction_in_doubt",
                                                          "transaction_unsent",
                                                          "transaction_committed",
                                                          "transaction_conflict",
                                                          "exclusive_lost",
                                                          "element_delivered",
                                                          "wait_answered",
                                                          "wait_ended_early",
                                                          "element_saved",
                                                          "wait_in_doubt",
                                                          "blocking_set_full",
                                                          "subscribed",
                                                          "unsubscribed",
                                                          "message_delivered",
                                                          "message_of_several",
                                                          "message_dropped",
                                                          "newest_dropped",
                                                          "reading_paused",
                                                          "gap_delivered",
                                                          "subscription_restored",
                                                          "request_admitted",
                                                          "waiter_gave_up",
                                                          "connection_awaited",
                                                          "connection_awaited_in_vain",
                                                          "line_lowered",
                                                          "line_raised",
                                                          "line_kept",
                                                          "line_reached",
                                                          "share_exceeded",
                                                          "pages_decayed",
                                                          "credentials_changed",
                                                          "credentials_refused",
                                                          "cache_hit",
                                                          "cache_hit_by_time",
                                                          "proved_hit",
                                                          "key_read",
                                                          "key_evicted",
                                                          "user_changed",
                                                          "own_name_hit",
                                                          "right_refused",
                                                          "right_regained",
                                                          "switch_heard",
                                                          "majority_heard",
                                                          "primary_left",
                                                          "ack_lost",
                                                          "ack_by_old_primary",
                                                          "replica_refused",
                                                          "group_hit",
                                                          "read_at_replica",
                                                          "read_own_at_replica",
                                                          "read_bound_by_lag",
                                                          "read_moved",
                                                          "read_behind",
                                                          "reads_returned",
                                                          "redirect_followed",
                                                          "ask_followed",
                                                          "sent_again",
                                                          "view_heard",
                                                          "request_scattered",
                                                          "cluster_hit",
                                                          "keys_counted",
                                                          "cluster_replica_read",
                                                          "cluster_read_bound",
                                                          "cluster_read_moved",
                                                          "cluster_read_behind",
                                                          "cluster_reads_returned",
                                                          "cluster_reader_hit",
                                                          "tracking_resumed",
                                                          "missed_news_told",
                                                          "tracking_not_resumed",
                                                          "resumed_hit"};
  return names[static_cast<std::size_t>(deed)];
}

void Coverage::count(const SessionCounters& counters) {
  resent += counters.requests_resent;
  health_checks += counters.health_checks;
  connections_dead += counters.connections_dead;
  pushed += counters.pushed;
}

bool Coverage::has(ErrorCode code) const {
  const auto index = static_cast<std::size_t>(code);
  std::uint64_t sum = problems[index] + ends[index];
  for (const std::uint64_t count : outcomes[index]) sum += count;
  return sum > 0;
}

void Coverage::add(const Coverage& other) {
  add_all(faults, other.faults);
  add_all(deeds, other.deeds);
  add_all(outcomes, other.outcomes);
  add_all(problems, other.problems);
  add_all(ends, other.ends);
  add_all(transitions, other.transitions);
  requests += other.requests;
  completed += other.completed;
  connections += other.connections;
  clients += other.clients;
  resent += other.resent;
  health_checks += other.health_checks;
  connections_dead += other.connections_dead;
  pushed += other.pushed;
}

}  // namespace plimsoll::sim

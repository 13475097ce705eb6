#include "plimsoll/core/client/replica_progress.h"

#include <string_view>

namespace plimsoll::inline v0 {
namespace {

constexpr Error is_no_replica{.code = ErrorCode::connect_failed,
                              .what = "the server says that it is no replica"};

constexpr Error link_is_down{.code = ErrorCode::primary_down,
                             .what = "the replica has no link to its primary"};

constexpr Error follows_another{
    .code = ErrorCode::connect_failed,
    .what = "the replica follows another history of writes than the client's primary"};

constexpr Error is_no_report{.code = ErrorCode::protocol_error,
                             .what = "the server's answer to INFO replication is not understood",
                             .expected = "its role, master_replid and its offset"};

constexpr Error may_not_ask{.code = ErrorCode::permission_denied,
                            .what = "the user may not run INFO, which tells what the server has"};

constexpr std::string_view ask_replication[] = {"INFO", "replication"};
constexpr std::string_view ask_server[] = {"INFO", "server"};

}  // namespace

constexpr Error ReplicaProgress::is_silent{
    .code = ErrorCode::timed_out,
    .what = "the replica owes an answer, and gets no reads before it has come"};

constexpr Error ReplicaProgress::is_behind{
    .code = ErrorCode::primary_down,
    .what = "the replica is further behind its primary than replica_lag_max"};

void ReplicaProgress::handle_report(const ReplicationReport& report, const ReplicationProof& proof,
                                    const ReplicationId& history, Instant now) {
  if (report.role != ReplicationReport::Role::replica) return note_unfit(is_no_replica, now);
  if (!report.is_link_up) return note_unfit(link_is_down, now);
  if (report.history != history) return note_unfit(follows_another, now);
  if (!report.has_offset) return note_unfit(is_no_report, now);
  const bool was_proved = is_proved();
  if (report.offset >= proof.offset) {
    proved = target = proof;
  } else if (report.offset >= target.offset) {
    proved = target;
  }
  problem = {};
  if (proved.as_of != proof.as_of) return ask_again_later(now);
  // One that says that all is well, and then refuses reads, is not tried every few milliseconds.
  if (was_proved) ask_again_wait = ask_again_wait_min;
}

CommandView question_about_replication() {
  CommandView command;
  command.args = ask_replication;
  return command;
}

CommandView question_about_zone() {
  CommandView command;
  command.args = ask_server;
  return command;
}

std::optional<ReplicationReport> report_of(const Event& event) {
  if (event.kind != Event::Kind::completed || !event.value) return std::nullopt;
  const auto text = event.value->as_bytes();
  if (!text) return std::nullopt;
  std::optional<ReplicationReport> report(std::in_place);
  report->read(*text);
  return report;
}

const Error& problem_of_report(const Event& event) {
  if (event.error == nullptr) return is_no_report;
  return event.error->code == ErrorCode::permission_denied ? may_not_ask : *event.error;
}

bool is_about_server(ErrorCode code) {
  return code == ErrorCode::server_loading || code == ErrorCode::primary_down ||
         code == ErrorCode::server_busy || code == ErrorCode::cluster_redirect ||
         code == ErrorCode::authentication_failed;
}

}  // namespace plimsoll::inline v0

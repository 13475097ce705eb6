#include <array>
#include <string>
#include <utility>

#include "plimsoll/native/driver.h"
#include "plimsoll/native/driver_io.h"

// What a driver says of itself.

namespace plimsoll::native {

Statistics Driver::statistics() {
  Statistics all;
  if (inherited()) return all;
  all.memory = budget_.statistics();
  all.accounts = detail::accounts_of(budget_, io_->owner);
  ClientFigures own = figures();
  all.client = own.statistics;
  all.owner = own.owner;
  all.last_problem = std::move(own.last_problem);
  all.tls_problem = std::move(own.tls_problem);
  all.cache_state = own.cache_state;
  all.tracking_problem = std::move(own.tracking_problem);
  all.credentials_problem = std::move(own.credentials_problem);
  return all;
}

ClientFigures Driver::figures() {
  ClientFigures all;
  if (inherited()) return all;
  all.owner = io_->owner;
  all.name = options().client_name;
  all.server = target_.endpoint.to_string();
  all.database = options().database;
  const std::lock_guard lock(mutex_);
  all.statistics = core_statistics();
  all.tls_problem = tls_problem_;
  all.credentials_problem = credentials_problem_;
  if (const NearCache* const near = core_.near_cache()) all.cache_state = near->state();
  if (const Tracking tracking = core_.tracking(); tracking.state == Tracking::State::refused) {
    all.tracking_problem = Error(tracking.error).what();
  }
  const plimsoll::Error& problem = all.statistics.last_problem;
  if (*problem.what == '\0') return all;
  const Connection::Trouble& trouble = io_->main().trouble();
  const std::string detail = problem.what == trouble.what ? trouble.detail : std::string();
  all.last_problem = Error(problem, detail).what();
  return all;
}

ClientStatistics Driver::client_statistics() {
  const std::lock_guard lock(mutex_);
  return core_statistics();
}

ClientStatistics Driver::core_statistics() {
  ClientStatistics statistics = core_.statistics();
  statistics.rejected += rejected_;
  return statistics;
}

plimsoll::Status Driver::start_recording(std::size_t ring_bytes) {
  if (inherited()) return inherited_client;
  const std::lock_guard lock(mutex_);
  return core_.start_recording(ring_bytes);
}

void Driver::stop_recording() {
  if (inherited()) return;
  const std::lock_guard lock(mutex_);
  core_.stop_recording();
}

std::string Driver::recording() {
  if (inherited()) return {};
  std::array<char, plimsoll::Client::recording_header_max> header;
  const std::lock_guard lock(mutex_);
  if (!core_.recorder().on()) return {};
  std::string dump(core_.recording_header(header));
  const FlightRecorder::Records records = core_.recorder().records();
  return dump.append(records.first).append(records.second);
}

}  // namespace plimsoll::native

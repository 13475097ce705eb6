#include "plimsoll/native/driver/driver_io.h"

#include <utility>

#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/transport/tls_context.h"

namespace plimsoll::inline v0::native {

std::string Driver::Io::token() {
  const Lock lock(driver_.mutex_);
  return driver_.sent_credentials_ ? driver_.sent_credentials_->password : driver_.options().token;
}

void Driver::Io::handle_credentials(Credentials credentials) {
  if (credentials.username.empty()) credentials.username = driver_.options().username;
  driver_.set_credentials(std::move(credentials.username), std::move(credentials.password));
  connections.handle_credentials();
}

void Driver::Io::handle_no_credentials(const std::string& why) {
  {
    const Lock lock(driver_.mutex_);
    driver_.credentials_problem_ = why;
  }
  notices.handle_no_credentials(why);
  connections.handle_no_credentials(why);
}

void Driver::Io::handle_opened(Connection& connection) {
  {
    const Lock lock(driver_.mutex_);
    connection.trouble().is_over = true;
    driver_.core_.handle_opened(connection.id(), steady_now());
  }
  driver_.run_turn();
}

void Driver::Io::handle_failed(Connection& connection, const plimsoll::Error& error,
                               std::string_view words) {
  {
    const Lock lock(driver_.mutex_);
    std::string detail = connection.endpoint().to_string();
    detail.append(": ").append(words);
    connection.trouble() = {.is_over = false, .what = error.what, .detail = std::move(detail)};
    driver_.core_.handle_closed(connection.id(), error, steady_now());
  }
  driver_.run_turn();
}

// Returns where to read to. If there is no memory, the Budget reports when some is released.
std::span<char> Driver::Io::read_space(ConnectionId connection) {
  const Lock lock(driver_.mutex_);
  std::span<char> space = driver_.core_.read_space(connection);
  if (!space.empty()) return space;
  if (driver_.core_.is_paused(connection)) return {};
  // Register first, then ask again: otherwise memory released in between would be missed.
  driver_.budget_.wait(driver_);
  return driver_.core_.read_space(connection);
}

void Driver::Io::handle_read(ConnectionId connection, std::size_t bytes) {
  const Lock lock(driver_.mutex_);
  driver_.core_.handle_read(connection, bytes, steady_now());
}

std::size_t Driver::Io::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  const Lock lock(driver_.mutex_);
  return driver_.core_.poll_transmit(connection, spans);
}

// Puts what is to be sent next into `next`, as far as it has room.
std::size_t Driver::Io::handle_written(ConnectionId connection, std::size_t bytes,
                                       std::span<std::string_view> next) {
  const Lock lock(driver_.mutex_);
  driver_.core_.handle_written(connection, bytes);
  // Not after a write that failed: the turn would try the same again, for ever.
  if (bytes > 0 && driver_.core_.has_waiters()) driver_.made_room_ = true;
  return next.empty() ? 0 : driver_.core_.poll_transmit(connection, next);
}

// Clients of a cache share entries if they are the same user. What the main connection shows
// counts, because only that one reads for the cache.
void Driver::Io::note_shown(ConnectionId connection, std::string_view text) {
  if (connection != first_connection || driver_.core_.near_cache() == nullptr) return;
  const Lock lock(driver_.mutex_);
  if (!failures.are_several()) return driver_.core_.set_shown(text);
  std::string all = connections.main().endpoint().to_string();
  all.append(1, '\0').append(text);
  driver_.core_.set_shown(all);
}

void Driver::Io::handle_tls_files_read() {
  std::string problem = context.tls ? context.tls->problem() : std::string();
  if (problem.empty() && context.sentinel_tls) problem = context.sentinel_tls->problem();
  {
    const Lock lock(driver_.mutex_);
    driver_.tls_problem_ = problem;
  }
  if (!problem.empty()) notices.handle_unreadable_tls_files(problem);
}

}  // namespace plimsoll::inline v0::native

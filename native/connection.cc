#include "plimsoll/native/connection.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/runtime.h"
#include "plimsoll/native/tcp_options.h"

// How a connection comes and goes. What flows over it is in connection_io.cc.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using StreamEndpoint = asio::generic::stream_protocol::endpoint;

enum class Connected : std::uint8_t { not_yet, once };

// The core's errors have literal texts: the usual ones, and the rest in one.
plimsoll::Error to_core_error(const error_code& problem, Connected connected) {
  if (connected == Connected::once) {
    const char* what = "the connection failed";
    if (problem == asio::error::eof) {
      what = "the server closed the connection";
    } else if (problem == asio::error::connection_reset || problem == asio::error::broken_pipe) {
      what = "the connection was reset";
    } else if (problem == asio::error::timed_out) {
      what = "the server did not acknowledge what was sent within tcp_user_timeout";
    }
    return {.code = ErrorCode::connection_lost, .what = what};
  }
  const char* what = "no connection could be made";
  const char* expected = nullptr;
  if (problem == asio::error::connection_refused) {
    what = "the server refused the connection";
    expected = "a server that listens at this address";
  } else if (problem == asio::error::host_not_found) {
    what = "the host was not found";
    expected = "a name that the resolver knows, or an address";
  } else if (problem.value() == ENOENT) {
    what = "there is no such socket";
    expected = "the path of a server's socket";
  }
  return {.code = ErrorCode::connect_failed, .what = what, .expected = expected};
}

}  // namespace

Connection::Connection(Driver& driver, ConnectionId id)
    : driver_(driver), id_(id), socket_(driver.executor()) {}

Connection::~Connection() = default;

void Connection::open() {
  ++attempt_;
  ++tries_;
  CredentialsSource* const source = driver_.credentials();
  if (source == nullptr || source->lasting()) return begin();
  phase_ = Phase::wanting_credentials;
  source->want();
}

void Connection::handle_credentials() {
  if (!wants_credentials()) return;
  phase_ = Phase::closed;
  begin();
}

void Connection::handle_no_credentials(std::string_view why) {
  if (!wants_credentials()) return;
  handle_failed({.code = ErrorCode::credentials_failed,
                 .what = "there are no credentials",
                 .expected = "Options::credentials to have some"},
                why);
}

void Connection::begin() {
  const Endpoint& endpoint = driver_.target_.endpoint;
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    return connect(Endpoints{asio::local::stream_protocol::endpoint(endpoint.path)});
  }
  // An address needs no resolver, which would start a thread.
  error_code problem;
  const auto address = asio::ip::make_address(endpoint.host, problem);
  if (problem) return resolve();
  connect(Endpoints{asio::ip::tcp::endpoint(address, endpoint.port)});
}

void Connection::resolve() {
  const Endpoint& endpoint = driver_.target_.endpoint;
  if (!resolver_) resolver_.emplace(driver_.executor());
  resolver_->async_resolve(endpoint.host, std::to_string(endpoint.port),
                           [self = driver_.shared_from_this(), this, attempt = attempt_](
                               const error_code& problem, auto results) {
                             if (attempt != attempt_ || self->inherited()) return;
                             if (problem) return handle_failed(problem);
                             Endpoints endpoints;
                             for (const auto& result : results)
                               endpoints.emplace_back(result.endpoint());
                             // One that says nothing takes the whole attempt: the next one begins
                             // with another.
                             const std::size_t first = (tries_ - 1) % endpoints.size();
                             std::rotate(endpoints.begin(),
                                         std::next(endpoints.begin(), static_cast<long>(first)),
                                         endpoints.end());
                             connect(endpoints);
                           });
}

void Connection::connect(const Endpoints& endpoints) {
  connecting_ = std::make_shared<Socket>(driver_.executor());
  asio::async_connect(*connecting_, endpoints,
                      [self = driver_.shared_from_this(), this, socket = connecting_,
                       attempt = attempt_](const error_code& problem, const auto&) {
                        if (attempt != attempt_ || self->inherited()) return;
                        if (problem) return handle_failed(problem);
                        connecting_.reset();
                        socket_ = std::move(*socket);
                        handle_connected();
                      });
}

void Connection::handle_connected() {
  error_code problem;
  tune_socket();
  register_afresh(problem);
  if (!problem && is_connected_to_itself()) problem = asio::error::connection_refused;
  if (problem) return handle_failed(problem);
  begin_stream();
}

void Connection::handle_open() {
  phase_ = Phase::open;
  counted_ = Runtime::get().count_connection();
  const std::uint64_t attempt = attempt_;
  grant();
  driver_.handle_opened(*this);
  if (attempt == attempt_) arm_read();
}

void Connection::tune_socket() {
  set_tcp_options(socket_.native_handle(), driver_.target_.options.tcp_user_timeout);
}

// Connecting to a port of this machine on which nobody listens, again and again, the system one day
// chooses that very port for this end, and the connection is made: with itself.
bool Connection::is_connected_to_itself() const {
  if (driver_.target_.endpoint.kind == Endpoint::Kind::unix_socket) return false;
  error_code problem;
  const auto local = socket_.local_endpoint(problem);
  return !problem && local == socket_.remote_endpoint(problem) && !problem;
}

// Waiting for writability (connecting does that, too) leaves the socket registered for it, and
// every wait to read would be woken up by that. A fresh registration is for reading alone. A wait
// to read that is under way ends early, and finds nothing to read.
void Connection::register_afresh(error_code& problem) {
  const auto local = socket_.local_endpoint(problem);
  if (problem) return;
  const auto handle = socket_.release(problem);
  if (problem) return;
  socket_.assign(local.protocol(), handle, problem);
  if (!problem) socket_.native_non_blocking(true, problem);
}

void Connection::handle_failed(const error_code& problem) {
  const plimsoll::Error error =
      to_core_error(problem, phase_ == Phase::open ? Connected::once : Connected::not_yet);
  std::string words = problem.message();
  if (phase_ == Phase::open) words += stream_->hint();
  handle_failed(error, words);
}

void Connection::handle_failed(const plimsoll::Error& error, std::string_view words) {
  close();
  driver_.handle_failed(*this, error, words);
}

void Connection::close() {
  ++attempt_;
  phase_ = Phase::closed;
  counted_ = Counted();
  reading_ = write_blocked_ = false;
  error_code ignored;
  if (stream_) stream_->say_goodbye();
  websocket_ = nullptr;
  stream_.reset();
  if (patience_) patience_->cancel();
  if (resolver_) resolver_->cancel();
  if (const auto connecting = std::exchange(connecting_, nullptr)) connecting->close(ignored);
  socket_.close(ignored);
}

}  // namespace plimsoll::native

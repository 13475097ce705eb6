#include "plimsoll/native/driver_io.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>

// The driver's socket: resolving, connecting, reading and writing. Reads wait for readability and
// take a buffer only then, so that an idle connection holds none.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using StreamEndpoint = asio::generic::stream_protocol::endpoint;

// Requests go out in pieces of up to this many spans: a megabyte at a time.
constexpr std::size_t spans_per_write = 16;

// Segments read before others on the executor get their chance.
constexpr int reads_per_turn = 4;

error_code system_error(int number) { return {number, boost::system::system_category()}; }

bool would_block(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

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

template <class Value>
void set_option(int socket, int level, int option, Value value) {
  // Where it is not to be had, the connection works all the same.
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

void Driver::open() {
  const std::uint64_t attempt = ++attempt_;
  ++tries_;
  if (target_.endpoint.kind == Endpoint::Kind::unix_socket) {
    open_any(attempt, std::vector<StreamEndpoint>{
                          asio::local::stream_protocol::endpoint(target_.endpoint.path)});
    return;
  }
  // An address needs no resolver, which would start a thread.
  error_code problem;
  const auto address = asio::ip::make_address(target_.endpoint.host, problem);
  if (problem) return open_tcp(attempt);
  open_any(attempt,
           std::vector<StreamEndpoint>{asio::ip::tcp::endpoint(address, target_.endpoint.port)});
}

void Driver::open_tcp(std::uint64_t attempt) {
  io_->resolver.async_resolve(
      target_.endpoint.host, std::to_string(target_.endpoint.port),
      [self = shared_from_this(), attempt](const error_code& problem, auto results) {
        if (attempt != self->attempt_ || self->inherited()) return;
        if (problem) return self->handle_failed(problem);
        std::vector<StreamEndpoint> endpoints;
        for (const auto& result : results) endpoints.emplace_back(result.endpoint());
        // One that says nothing takes the whole attempt: the next one begins with another.
        const std::size_t first = (self->tries_ - 1) % endpoints.size();
        std::rotate(endpoints.begin(), std::next(endpoints.begin(), static_cast<long>(first)),
                    endpoints.end());
        self->open_any(attempt, endpoints);
      });
}

template <class Endpoints>
void Driver::open_any(std::uint64_t attempt, const Endpoints& endpoints) {
  io_->connecting = std::make_shared<Io::Socket>(executor_);
  asio::async_connect(*io_->connecting, endpoints,
                      [self = shared_from_this(), socket = io_->connecting, attempt](
                          const error_code& problem, const auto&) {
                        if (attempt != self->attempt_ || self->inherited()) return;
                        if (problem) return self->handle_failed(problem);
                        self->io_->connecting.reset();
                        self->io_->socket = std::move(*socket);
                        self->handle_opened(attempt);
                      });
}

void Driver::tune_socket() {
  if (target_.endpoint.kind != Endpoint::Kind::tcp) return;
  const int socket = io_->socket.native_handle();
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef __linux__
  // For connections that are silent and not checked by PING: dead after half a minute.
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  if (const auto timeout = target_.options.tcp_user_timeout; timeout.count() > 0) {
    const auto most = std::numeric_limits<int>::max();
    const auto milliseconds = std::min<std::int64_t>(timeout.count(), most);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(milliseconds));
  }
#endif
}

void Driver::handle_opened(std::uint64_t attempt) {
  error_code problem;
  tune_socket();
  register_afresh(problem);
  if (!problem && is_connected_to_itself()) problem = asio::error::connection_refused;
  if (problem) return handle_failed(problem);
  open_ = true;
  {
    const std::lock_guard lock(mutex_);
    failure_.clear();
    core_.handle_opened(first_connection, now());
  }
  run_turn();
  if (attempt == attempt_) arm_read();
}

// Connecting to a port of this machine on which nobody listens, again and again, the system one day
// chooses that very port for this end, and the connection is made: with itself.
bool Driver::is_connected_to_itself() const {
  if (target_.endpoint.kind != Endpoint::Kind::tcp) return false;
  error_code problem;
  const auto local = io_->socket.local_endpoint(problem);
  return !problem && local == io_->socket.remote_endpoint(problem) && !problem;
}

// Waiting for writability (connecting does that, too) leaves the socket registered for it, and
// every wait to read would be woken up by that. A fresh registration is for reading alone. A wait
// to read that is under way ends early, and finds nothing to read.
void Driver::register_afresh(error_code& problem) {
  const auto local = io_->socket.local_endpoint(problem);
  if (problem) return;
  const auto handle = io_->socket.release(problem);
  if (problem) return;
  io_->socket.assign(local.protocol(), handle, problem);
  if (!problem) io_->socket.native_non_blocking(true, problem);
}

void Driver::handle_failed(const error_code& problem) {
  const plimsoll::Error error =
      to_core_error(problem, open_ ? Connected::once : Connected::not_yet);
  close_socket();
  {
    const std::lock_guard lock(mutex_);
    failure_ = target_.endpoint.to_string() + ": " + problem.message();
    transport_problem_ = {error.what, failure_};
    core_.handle_closed(first_connection, error, now());
  }
  run_turn();
}

void Driver::close_socket() {
  ++attempt_;
  open_ = reading_ = write_blocked_ = false;
  write_problem_.clear();
  error_code ignored;
  io_->resolver.cancel();
  io_->timer.cancel();
  armed_ = never;
  if (const auto connecting = std::exchange(io_->connecting, nullptr)) connecting->close(ignored);
  io_->socket.close(ignored);
}

void Driver::arm_read() {
  if (!open_ || reading_ || inherited()) return;
  reading_ = true;
  io_->socket.async_wait(asio::socket_base::wait_read,
                         [self = shared_from_this(), attempt = attempt_](const error_code&) {
                           if (attempt != self->attempt_ || self->inherited()) return;
                           self->reading_ = false;
                           self->handle_readable();
                         });
}

void Driver::handle_readable() {
  const std::uint64_t attempt = attempt_;
  for (int i = 0; i < reads_per_turn; ++i) {
    if (!read_once()) return;
    if (attempt != attempt_) return;
  }
  arm_read();
}

// Reads once and delivers what came. Returns whether there may be more to read.
bool Driver::read_once() {
  std::span<char> space;
  {
    const std::lock_guard lock(mutex_);
    space = core_.read_space(first_connection);
    if (space.empty()) {
      // Ask to be told first, then look again: what is released in between is not missed.
      budget_.wait(*this);
      space = core_.read_space(first_connection);
    }
  }
  if (space.empty()) {
    arm_timer();  // the core may want to be asked again by then
    return false;
  }
  const ssize_t count = ::recv(io_->socket.native_handle(), space.data(), space.size(), 0);
  const int problem = count < 0 ? errno : 0;
  {
    const std::lock_guard lock(mutex_);
    core_.handle_read(first_connection, count > 0 ? static_cast<std::size_t>(count) : 0, now());
  }
  if (count == 0) {
    // The system tells its reason once, and sending may have been first to hear it.
    handle_failed(write_problem_ ? write_problem_ : asio::error::eof);
    return false;
  }
  if (count < 0 && !would_block(problem) && problem != EINTR) {
    handle_failed(system_error(problem));
    return false;
  }
  if (count > 0) run_turn();
  if (static_cast<std::size_t>(count) == space.size()) return true;
  arm_read();
  return false;
}

void Driver::handle_writable() {
  write_blocked_ = false;
  error_code problem;
  register_afresh(problem);
  if (problem) return handle_failed(problem);
  run_turn();
}

// Sends what is staged, as far as the socket takes it.
void Driver::flush() {
  if (!open_ || write_blocked_) return;
  std::size_t written = 0;
  for (bool first = true;; first = false) {
    std::array<std::string_view, spans_per_write> spans;
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      if (!first) core_.handle_written(first_connection, written);
      count = core_.poll_transmit(first_connection, spans);
    }
    if (count == 0) return;
    std::array<iovec, spans_per_write> pieces;
    for (std::size_t i = 0; i < count; ++i) {
      pieces[i] = {const_cast<char*>(spans[i].data()), spans[i].size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(io_->socket.native_handle(), &message, MSG_NOSIGNAL);
    written = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (sent >= 0 || errno == EINTR) continue;
    const int problem = errno;
    {
      const std::lock_guard lock(mutex_);
      core_.handle_written(first_connection, 0);
    }
    // Reading will find the end, behind the replies that may have come before.
    if (!would_block(problem)) {
      if (problem != EPIPE) write_problem_ = system_error(problem);
      return;
    }
    write_blocked_ = true;
    io_->socket.async_wait(asio::socket_base::wait_write,
                           [self = shared_from_this(), attempt = attempt_](const error_code&) {
                             if (attempt != self->attempt_ || self->inherited()) return;
                             self->handle_writable();
                           });
    return;
  }
}

}  // namespace plimsoll::native

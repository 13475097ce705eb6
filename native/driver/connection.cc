#include "plimsoll/native/driver/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/native/transport/plain_stream.h"
#include "plimsoll/native/transport/tcp_options.h"
#include "plimsoll/native/transport/tls_stream.h"
#include "plimsoll/native/transport/websocket_stream.h"
#include "plimsoll/native/websocket/opening.h"
#include "plimsoll/native/websocket/protocol.h"

// First opening and closing, then the handshakes of the stream between core and socket, then
// reading and writing.

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

enum class Connected : std::uint8_t { not_yet, once };

// The core's errors have literal texts, so the usual problems have a text each, and all others
// share one.
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

constexpr plimsoll::Error out_of_memory{.code = ErrorCode::out_of_memory,
                                        .what = "there is no memory for TLS"};

constexpr plimsoll::Error no_token{.code = ErrorCode::invalid_option,
                                   .what = "the token cannot be sent in a WebSocket handshake",
                                   .expected = "printable ASCII, 4096 bytes at most"};

constexpr plimsoll::Error no_lookup{
    .code = ErrorCode::connect_failed,
    .what = "the look-up of the host's name did not end in time",
    .expected = "a name server that answers, or the host's IP address"};

constexpr plimsoll::Error refused_address{
    .code = ErrorCode::connect_failed,
    .what = "the address is one to which this client does not connect",
    .expected = "another address, or this one in the configuration"};

// How many spans one write may have: about a megabyte, since a span is at most a segment of 64 KiB.
constexpr std::size_t spans_per_write = 16;

// How many segments a connection reads before other handlers on the executor run.
constexpr int reads_per_turn = 4;

}  // namespace

Connection::Connection(Owner& owner, ConnectionContext& context, ConnectionId id)
    : owner_(owner),
      context_(context),
      fork_count_(current_fork_count()),
      id_(id),
      endpoint_(&context.target.endpoints.front()),
      socket_(context.strand.executor()) {}

Connection::~Connection() = default;

bool Connection::inherited() const { return fork_count_ != current_fork_count(); }

void Connection::aim(const Action& action) {
  seed_ = action.seed;
  peer_ = action.peer;
  endpoint_ = &context_.target.endpoints[static_cast<std::size_t>(seed_)];
  if (action.told == nullptr) return;
  Endpoint told;
  told.host = action.told->host();
  told.port = action.told->port();
  told_ = std::make_unique<const Endpoint>(std::move(told));
  endpoint_ = told_.get();
}

void Connection::open() {
  ++attempt_;
  // Those are for servers.
  CredentialsSource* const source = peer_ == Peer::sentinel ? nullptr : context_.credentials.get();
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
  if (endpoint().kind == Endpoint::Kind::unix_socket) {
    return connect({asio::local::stream_protocol::endpoint(endpoint().path)});
  }
  // An IP address needs no resolver, which would start a thread.
  error_code problem;
  const auto address = asio::ip::make_address(endpoint().host, problem);
  if (problem) return resolve();
  const char* const why = reason_against(address);
  if (why == nullptr) return connect({asio::ip::tcp::endpoint(address, endpoint().port)});
  // Posted, because an attempt may begin in the middle of a turn.
  context_.strand.post([self = owner_.hold(), this, why, attempt = attempt_] {
    if (attempt == attempt_ && !inherited()) refuse_address(why);
  });
}

// Fails before connect_timeout, with a reason: the core, which knows nothing about names and
// streams, would give a worse one.
template <class Act>
void Connection::after_patience(Act act) {
  if (!patience_) patience_.emplace(context_.strand.executor());
  patience_->expires_after(context_.target.options.connect_timeout / 4 * 3);
  patience_->async_wait(context_.strand.bind(
      [self = owner_.hold(), this, attempt = attempt_, act](const error_code& problem) {
        if (!problem && attempt == attempt_ && !inherited()) act();
      }));
}

// The answer comes on another thread, at any time: the client may have ended by then, and its
// executor, too.
void Connection::resolve() {
  after_patience([this] {
    if (lookup_) handle_failed(no_lookup, "getaddrinfo() has not returned");
  });
  lookup_.emplace(Runtime::get().name_lookups().look_up(
      endpoint().host,
      [this, weak = std::weak_ptr<void>(owner_.hold()), attempt = attempt_,
       life = ExecutorLife::of(context_.strand.executor())](const NameLookups::Found& found) {
        life->while_alive([&] {
          auto self = weak.lock();
          if (self == nullptr) return;
          context_.strand.post([self = std::move(self), this, attempt, found] {
            if (attempt == attempt_ && !inherited()) handle_found(found);
          });
        });
      }));
}

void Connection::handle_found(const NameLookups::Found& found) {
  patience_->cancel();
  lookup_.reset();
  if (found.problem) return handle_failed(found.problem);
  Dial::Addresses addresses;
  const char* why = nullptr;
  for (const asio::ip::address& address : found.addresses) {
    if (const char* const against = reason_against(address)) {
      why = against;
    } else {
      addresses.emplace_back(asio::ip::tcp::endpoint(address, endpoint().port));
    }
  }
  if (addresses.empty() && why != nullptr) return refuse_address(why);
  connect(in_turns(addresses));
}

// Why the client must not connect there; null: it may.
const char* Connection::reason_against(const asio::ip::address& address) const {
  const char* const why =
      context_.address_rule != nullptr ? context_.address_rule(address) : nullptr;
  if (why == nullptr) return nullptr;
  const bool is_chosen = std::ranges::any_of(context_.target.endpoints, [&](const Endpoint& each) {
    error_code problem;
    return asio::ip::make_address(each.host, problem) == address && !problem;
  });
  return is_chosen ? nullptr : why;
}

void Connection::refuse_address(const char* why) {
  context_.notices.handle_refused_address(endpoint().to_string(), why);
  handle_failed(refused_address, why);
}

// Only the handlers of the dial hold it, and so its owner: if the executor is destroyed with them
// in it, both are let go. A child of fork() must not close the sockets that it inherited.
void Connection::connect(Dial::Addresses addresses) {
  const std::shared_ptr<Dial> dial(new Dial(owner_.hold(), context_.strand, std::move(addresses),
                                            [this](const error_code& problem, Socket socket) {
                                              dial_.reset();
                                              if (problem) return handle_failed(problem);
                                              socket_ = std::move(socket);
                                              handle_connected();
                                            }),
                                   [fork_count = fork_count_](Dial* last) {
                                     if (fork_count == current_fork_count()) delete last;
                                   });
  dial_ = dial;
  dial->start();
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
  owner_.handle_opened(*this);
  if (attempt == attempt_) arm_read();
}

void Connection::tune_socket() {
  set_tcp_options(socket_.native_handle(), context_.target.options.tcp_user_timeout);
}

// A client that connects again and again to a port of this machine on which no server listens may
// connect to itself: one day the system chooses that very port for the client's end.
bool Connection::is_connected_to_itself() const {
  if (endpoint().kind == Endpoint::Kind::unix_socket) return false;
  error_code problem;
  const auto local = socket_.local_endpoint(problem);
  return !problem && local == socket_.remote_endpoint(problem) && !problem;
}

// A wait until the socket is writable, which connecting does, too, leaves the socket registered for
// writability, and that would wake up every later wait to read. A new registration is only for
// reading. A wait to read that is under way ends early, and finds nothing to read.
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
  owner_.handle_failed(*this, error, words);
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
  lookup_.reset();
  if (const auto dial = std::exchange(dial_, {}).lock()) dial->stop();
  socket_.close(ignored);
}

void Connection::begin_stream() {
  const int socket = socket_.native_handle();
  std::string shown;
  if (TlsContext* const context = tls()) {
    stream_ = TlsStream::create(*context, socket, endpoint().host);
    owner_.handle_tls_files_read();
    shown = context->own_certificate();
    if (stream_ == nullptr) return handle_failed(out_of_memory, "OpenSSL has none");
  } else {
    stream_ = std::make_unique<PlainStream>(socket);
  }
  if (is_over_bridge() && !begin_websocket(shown)) return;
  owner_.note_shown(id_, shown);
  phase_ = Phase::shaking_hands;
  const std::uint64_t attempt = attempt_;
  shake_hands();
  if (attempt == attempt_ && phase_ == Phase::shaking_hands) await_handshake();
}

bool Connection::begin_websocket(std::string& shown) {
  std::string token = owner_.token();
  if (!token.empty() && !websocket::is_token(token)) {
    handle_failed(no_token, "nothing was sent");
    return false;
  }
  const auto usual_port = context_.tls ? websocket::tls_port : websocket::plain_port;
  websocket::Opening opening;
  opening.host = endpoint().authority(usual_port);
  opening.path = endpoint().path;
  shown.append(1, '\0').append(token);
  opening.token = std::move(token);
  if (!window_) window_.emplace(owner_.replies_account());
  auto stream = std::make_unique<WebSocketStream>(std::move(stream_), std::move(opening), *window_);
  websocket_ = stream.get();
  stream_ = std::move(stream);
  return true;
}

// A peer that does not speak this protocol may wait for ever, for example for the end of a line.
void Connection::await_handshake() {
  after_patience([this] {
    if (phase_ != Phase::shaking_hands) return;
    const TransportProblem silence = stream_->silence();
    handle_failed(silence.error, silence.words);
  });
}

void Connection::shake_hands() {
  switch (stream_->shake_hands()) {
    case ByteStream::Step::done:
      if (patience_) patience_->cancel();
      // The rest of the handshake must be sent before anything else.
      wait_if_blocked();
      return handle_open();
    case ByteStream::Step::waits: wait_if_blocked(); return arm_read();
    case ByteStream::Step::failed: return handle_stream_failed();
  }
}

void Connection::handle_stream_failed() {
  if (stream_->problem()) {
    const TransportProblem problem = *stream_->problem();
    // The bridge refused the token, so the next attempt needs another one.
    if (problem.error.code == ErrorCode::authentication_failed && context_.credentials) {
      context_.credentials->handle_refused();
    }
    return handle_failed(problem.error, problem.words);
  }
  const int number = stream_->socket_problem();
  error_code problem(number, boost::system::system_category());
  if (number == 0) problem = asio::error::eof;
  if (phase_ == Phase::open) return handle_failed(problem);
  handle_failed(stream_->early_end(), problem.message());
}

// Lets the bridge send more, as far as the replies pool has memory. If it has none, the Budget
// reports when memory is released.
void Connection::grant() {
  if (websocket_ == nullptr || phase_ != Phase::open) return;
  websocket_->grant();
  if (websocket_->is_starved()) {
    // Register first, then try again: otherwise memory released in between would be missed.
    owner_.wait_for_memory();
    websocket_->grant();
  }
  wait_if_blocked();
}

void Connection::arm_read() {
  if (phase_ < Phase::shaking_hands || inherited()) return;
  if (websocket_ != nullptr && websocket_->is_starved()) grant();
  if (reading_) return;
  if (stream_->holds_bytes()) return read_soon();
  reading_ = true;
  socket_.async_wait(
      asio::socket_base::wait_read,
      context_.strand.bind([self = owner_.hold(), this, attempt = attempt_](const error_code&) {
        if (attempt != attempt_ || inherited()) return;
        reading_ = false;
        handle_readable();
      }));
}

// The stream holds bytes already, so there is nothing to wait for. Other handlers on the executor
// run first.
void Connection::read_soon() {
  reading_ = true;
  context_.strand.post([self = owner_.hold(), this, attempt = attempt_] {
    if (attempt != attempt_ || inherited()) return;
    reading_ = false;
    handle_readable();
  });
}

void Connection::handle_readable() {
  if (phase_ == Phase::shaking_hands) return shake_hands();
  const std::uint64_t attempt = attempt_;
  for (int i = 0; i < reads_per_turn; ++i) {
    if (!read_once()) return;
    if (attempt != attempt_) return;
  }
  arm_read();
}

// Reads once, and runs a turn, which delivers the replies. Returns whether there may be more to
// read.
bool Connection::read_once() {
  const std::span<char> space = owner_.read_space(id_);
  if (space.empty()) {
    owner_.arm_timer();  // the core may have set a time at which to ask again
    return false;
  }
  const ByteStream::Received received = stream_->receive(space);
  owner_.handle_read(id_, received.bytes);
  const std::uint64_t attempt = attempt_;
  if (received.bytes > 0) owner_.run_turn();
  if (attempt != attempt_) return false;
  switch (received.step) {
    case ByteStream::Step::waits: break;
    case ByteStream::Step::done: handle_failed(asio::error::eof); return false;
    case ByteStream::Step::failed: handle_stream_failed(); return false;
  }
  wait_if_blocked();
  if (stream_->holds_bytes()) return true;
  arm_read();
  return false;
}

void Connection::wait_if_blocked() {
  if (stream_->blocked() && !write_blocked_) wait_writable();
}

void Connection::wait_writable() {
  write_blocked_ = true;
  socket_.async_wait(
      asio::socket_base::wait_write,
      context_.strand.bind([self = owner_.hold(), this, attempt = attempt_](const error_code&) {
        if (attempt != attempt_ || inherited()) return;
        handle_writable();
      }));
}

void Connection::handle_writable() {
  write_blocked_ = false;
  error_code problem;
  register_afresh(problem);
  if (problem) return handle_failed(problem);
  stream_->push();
  if (stream_->blocked()) return wait_writable();
  if (phase_ == Phase::shaking_hands) return shake_hands();
  // The core has named this connection before, and does not do so again until it is used.
  flush();
  owner_.run_turn();
}

void Connection::flush() {
  if (phase_ != Phase::open || write_blocked_) return;
  std::array<std::string_view, spans_per_write> spans;
  std::size_t count = owner_.poll_transmit(id_, spans);
  while (count > 0) {
    const std::size_t sent = stream_->send(std::span(spans).first(count));
    const bool may_go_on = sent > 0 && !stream_->blocked();
    count = owner_.handle_written(id_, sent, may_go_on ? spans : std::span<std::string_view>());
  }
  if (stream_->blocked()) return wait_writable();
  if (stream_->failed()) fail_soon();
}

// Reports the failure from a handler of its own, because flush() runs in the middle of a turn.
void Connection::fail_soon() {
  context_.strand.post([self = owner_.hold(), this, attempt = attempt_] {
    if (attempt == attempt_ && !inherited()) handle_stream_failed();
  });
}

}  // namespace plimsoll::inline v0::native

#include "plimsoll/native/bridge/server.h"

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/status.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/observe/accept.h"
#include "plimsoll/native/transport/tcp_options.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::as_tuple;
using asio::use_awaitable;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

// What a relay takes besides buffers, approximately: the object, coroutine frames, and what Asio
// and Beast keep for it.
constexpr std::size_t relay_bytes = 13 * 1024;

// How often relays are checked for silent and stalled clients and expired tokens; more often if one
// of the timeouts is short.
constexpr std::chrono::milliseconds tick_interval_max{1000};

std::chrono::milliseconds tick_interval_of(const RelayOptions& options) {
  const auto shortest =
      std::min({options.ping_interval, options.stall_timeout, options.handshake_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(10), tick_interval_max);
}

// TCP_USER_TIMEOUT, for a peer whose system does not answer. Longer than stall_timeout, so that the
// relay ends the connection first, with a reason.
std::chrono::milliseconds unacknowledged_max(const RelayOptions& options) {
  return 2 * options.stall_timeout;
}

// The part of the memory line for requests that are read ahead of credit: one in so many.
constexpr std::size_t ahead_part = 4;

// After a burst of fewer connections, walking over the heap is not worthwhile.
constexpr std::size_t trimmed_connections_min = 256;

// Requests for pages on one connection. A browser opens six, and new ones afterwards.
constexpr unsigned page_requests_max = 100;

// What a connection that asks for pages takes, approximately: the headers of a request and an
// answer, and what Asio and Beast keep for it. The pages themselves are in memory only once.
constexpr std::size_t visit_bytes = 16 * 1024;

// Closing with this drops what the system still holds of an answer that the client did not take.
const asio::socket_base::linger drop_unsent(true, 0);

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

AccessLine line_of(const Entry& entry) {
  const auto target = entry.request->target();
  AccessLine line;
  line.address = entry.address;
  line.page = std::string(target.substr(0, target.find('?')));
  return line;
}

// Keeps `thing` in `list` as long as this object lives.
template <class Thing>
class Listed {
 public:
  Listed(std::list<Thing*>& list, Thing& thing)
      : list_(list), at_(list.insert(list.end(), &thing)) {}
  ~Listed() { list_.erase(at_); }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

 private:
  std::list<Thing*>& list_;
  const typename std::list<Thing*>::iterator at_;
};

}  // namespace

Server::Server(asio::io_context& context, Settings settings, VerifyToken verify,
               const std::map<std::string, Policy, std::less<>>& policies, Budget& budget,
               AccessLog& log)
    : context_(context),
      settings_(std::move(settings)),
      verify_(std::move(verify)),
      policies_(policies),
      limits_(settings_.limits),
      doorkeeper_(settings_.rules, verify_, limits_),
      sizes_(random_seed()),
      ahead_{.max = budget.statistics().limit / ahead_part},
      buffers_(budget.open_account(PoolKind::replies)),
      places_(budget.open_account(PoolKind::connections)),
      log_(log),
      tick_(context),
      tick_interval_(tick_interval_of(settings_.relay)),
      drain_timer_(context) {
  PLIMSOLL_CHECK(buffers_ && places_);
}

Server::~Server() = default;

void Server::start() {
  for (const Tcp::endpoint& endpoint : settings_.listen) {
    Tcp::acceptor& acceptor = acceptors_.emplace_back(context_);
    native::start_listening(acceptor, endpoint);
    asio::co_spawn(context_, listen(acceptor), asio::detached);
  }
  look_after_all();
}

std::vector<Tcp::endpoint> Server::endpoints() const {
  std::vector<Tcp::endpoint> all;
  for (const Tcp::acceptor& acceptor : acceptors_) all.push_back(acceptor.local_endpoint());
  return all;
}

asio::awaitable<void> Server::listen(Tcp::acceptor& acceptor) {
  const std::function<void(Tcp::socket)> take = [this](Tcp::socket socket) {
    ++counters_.connections_accepted;
    begin(std::move(socket));
  };
  co_await native::accept_all(acceptor, take);
}

void Server::begin(Tcp::socket socket) {
  const auto connection = connections_.emplace(connections_.end());
  // Posted, because a connection may end within abort_all(), which iterates over connections_.
  const auto end = [this, connection](std::exception_ptr) {
    asio::post(context_, [this, connection] {
      connections_.erase(connection);
      report_if_drained();
    });
  };
  asio::co_spawn(context_, serve(std::move(socket), limits_.take_place()),
                 asio::bind_cancellation_slot(connection->slot(), end));
}

asio::awaitable<void> Server::serve(Tcp::socket socket, ConnectionLimits::Place place) {
  AccessLine line;
  error_code problem;
  const Tcp::endpoint peer = socket.remote_endpoint(problem);
  if (problem) co_return;  // the client has gone already
  line.address = peer.address().to_string();
  const bool is_loopback = socket.local_endpoint(problem).address().is_loopback();
  native::set_tcp_options(socket.native_handle(), unacknowledged_max(settings_.relay));

  Stream::Socket of_any_kind(std::move(socket));
  Stream stream(std::move(of_any_kind));
  if (place && !is_draining_) {
    co_await let_in(stream, is_loopback, line);
  } else {
    const Admission refusal = refuse_all();
    co_await conclude(stream, refusal, line);
  }
}

Admission Server::refuse_all() const {
  // Before TLS there is no way to answer.
  const auto status =
      settings_.entry.tls == nullptr ? http::status::service_unavailable : http::status::unknown;
  return refuse(status, is_draining_ ? "draining" : "connections_max", retry_later);
}

// Takes a connection through all steps, until its end.
asio::awaitable<void> Server::let_in(Stream& stream, bool is_loopback, AccessLine& line) {
  ConnectionLimits::Place place;
  const CountAddress count = [&](const std::string& address) {
    return doorkeeper_.count(address, place);
  };
  const std::string peer = line.address;
  Entry entry = co_await enter(stream, settings_.entry, peer, count);
  Entrance entrance{.is_loopback = is_loopback && !settings_.behind_proxy};
  if (settings_.pages != nullptr) co_await show_pages(stream, entry, entrance, count);
  if (entry.is_over) co_return part(stream);
  line.address = entrance.address = entry.address;
  Admission admission = judge(entry, entrance);
  if (admission.is_welcome()) {
    co_await carry(stream, std::move(*entry.request), admission, line);
  }
  co_await conclude(stream, admission, line);
}

Admission Server::judge(Entry& entry, const Entrance& entrance) {
  return entry.request ? doorkeeper_.judge(*entry.request, entrance) : std::move(entry.refusal);
}

// Answers a client that was refused, and writes the line of the log.
asio::awaitable<void> Server::conclude(Stream& stream, const Admission& admission,
                                       AccessLine& line) {
  if (!admission.is_welcome()) {
    ++counters_.refused_handshakes;
    co_await turn_away(stream, admission, settings_.entry);
  }
  line.status = static_cast<unsigned>(admission.status);
  if (line.why.empty()) line.why = admission.why;
  log_.write(line);
}

// Connects to the server and relays until the end. If that fails, `admission` becomes a refusal.
asio::awaitable<void> Server::carry(Stream& stream, Request request, Admission& admission,
                                    AccessLine& line) {
  const Profile& profile = *admission.authorization.profile;
  line.upstream = admission.upstream_name;
  line.profile = profile.name;
  line.token_id = admission.authorization.id;
  line.protocol = admission.protocol;
  Charge charge(*places_);
  const bool has_tls = settings_.entry.tls != nullptr;
  const bool has_server_tls = admission.upstream->tls != nullptr;
  if (!charge.grow(relay_bytes + (has_tls ? tls_bytes : 0) + (has_server_tls ? tls_bytes : 0))) {
    ++counters_.out_of_memory;
    admission.turn_into(refuse(http::status::service_unavailable, "memory_limit", retry_later));
    co_return;
  }
  auto dialled = co_await dial(*admission.upstream, profile, settings_.connect_timeout);
  if (const auto* problem = std::get_if<DialProblem>(&dialled)) {
    ++counters_.upstream_failures;
    admission.turn_into(refuse(http::status::bad_gateway, problem->what));
    co_return;
  }
  Stream& server = std::get<Stream>(dialled);
  native::set_tcp_options(server.socket().native_handle(), unacknowledged_max(settings_.relay));
  const Relay::Shared shared{.options = settings_.relay,
                             .policy = policies_.find(profile.name)->second,
                             .window = profile.window,
                             .sizes = sizes_,
                             .upstream = reinterpret_cast<std::uintptr_t>(admission.upstream),
                             .rate = *admission.rate,
                             .account = *buffers_,
                             .ahead = ahead_,
                             .counters = counters_};
  const auto relay = std::make_shared<Relay>(std::move(stream), std::move(server),
                                             admission.authorization, shared);
  const Listed listed(relays_, *relay);
  ++counters_.upgrades;
  if (is_draining_) relay->end(Relay::Code::going_away, "shutting down");
  // The token may have been withdrawn while dial() waited, when relays_ had no such relay.
  end_if_withdrawn(*relay);
  const RelayEnd end = co_await relay->run(std::move(request), admission.protocol);
  line.close_code = end.code;
  line.why = end.reason;
  line.bytes_in = end.bytes_in;
  line.bytes_out = end.bytes_out;
  line.commands_allowed = end.commands_allowed;
  line.commands_refused = end.commands_refused;
}

// ---- Pages

// Answers requests for pages until the client asks for a WebSocket, is refused, or is gone.
asio::awaitable<void> Server::show_pages(Stream& stream, Entry& entry, Entrance& entrance,
                                         const CountAddress& count) {
  Charge charge(*places_);
  boost::system::error_code ignored;
  for (unsigned requests = 1; entry.request && !asks_for_upgrade(*entry.request); ++requests) {
    entrance.address = entry.address;
    entry.refusal = judge_page(*entry.request, entrance, charge);
    if (!entry.refusal.is_welcome()) {
      entry.request.reset();
      co_return;
    }
    AccessLine line = line_of(entry);
    const bool is_last = requests == page_requests_max || is_draining_;
    const PageAnswer answer = answer_with_page(
        *settings_.pages, *entry.request, is_last ? Afterwards::close : Afterwards::keep_alive);
    const bool is_sent = co_await send_page(stream, answer, settings_.entry.handshake_timeout);
    note(answer, is_sent, line);
    entry.is_over = !is_sent || !answer.keeps_alive || is_draining_;
    if (!is_sent) {
      stream.socket().set_option(drop_unsent, ignored);
      stream.socket().close(
          ignored);  // now: the socket's destructor would reset the option and linger
    }
    if (entry.is_over) {
      // Requests that stay unanswered must not destroy the last answer by a reset.
      const bool has_more = is_sent && (!entry.behind.empty() || stream.available_bytes() > 0);
      if (has_more) co_await stream.async_linger(as_tuple(use_awaitable));
      co_return;
    }
    const Listed resting(resting_, stream);
    co_await enter_again(stream, settings_.entry, entry, count);
    if (entry.is_over) co_return;
  }
}

Admission Server::judge_page(const Request& request, const Entrance& entrance, Charge& charge) {
  Admission judged = doorkeeper_.judge_page(request, entrance);
  const std::size_t bytes = visit_bytes + (settings_.entry.tls != nullptr ? tls_bytes : 0);
  if (!judged.is_welcome() || charge.bytes() > 0 || charge.grow(bytes)) return judged;
  ++counters_.out_of_memory;
  return refuse(http::status::service_unavailable, "memory_limit", retry_later);
}

void Server::note(const PageAnswer& answer, bool is_sent, AccessLine& line) {
  ++counters_.pages;
  line.status = static_cast<unsigned>(answer.status);
  if (is_sent) {
    counters_.page_bytes += answer.body.size();
    line.bytes_out = answer.body.size();
  } else {
    line.why = "the client did not read the page within handshake_timeout, or is gone";
  }
  log_.write(line);
}

// ---- All connections

void Server::recheck(std::function<bool(const Authorization&)> holds) {
  holds_ = std::move(holds);
  for (Relay* const relay : relays_) end_if_withdrawn(*relay);
}

void Server::end_if_withdrawn(Relay& relay) {
  if (holds_ && !holds_(relay.authorization())) {
    relay.end(Relay::Code::policy_error, "token withdrawn");
  }
}

void Server::look_after_all() {
  const auto now = std::chrono::steady_clock::now();
  const auto wall_now = std::chrono::system_clock::now();
  for (Relay* const relay : relays_) relay->check(now, wall_now);
  limits_.forget(now);
  give_memory_back();
  tick_.expires_after(tick_interval_);
  // The handler may already have been queued when the timer was cancelled.
  tick_.async_wait([this](const error_code& problem) {
    if (!problem && !is_drained_) look_after_all();
  });
}

// After a burst of connections glibc's allocator keeps their memory unless it is asked to return
// it. Musl's returns by itself what is free.
void Server::give_memory_back() {
  connections_peak_ = std::max(connections_peak_, connections_.size());
  if (connections_peak_ < trimmed_connections_min || connections_.size() > connections_peak_ / 2) {
    return;
  }
  connections_peak_ = connections_.size();
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

void Server::drain(std::chrono::steady_clock::duration timeout, std::function<void()> done) {
  if (is_draining_) return;
  is_draining_ = true;
  drained_ = std::move(done);
  error_code ignored;
  for (Tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
  const auto deadline = std::chrono::steady_clock::now() + timeout * 3 / 4;
  for (Relay* const relay : relays_) relay->drain(deadline);
  for (Stream* const stream : resting_) stream->socket().cancel(ignored);
  drain_timer_.expires_after(timeout);
  drain_timer_.async_wait([this](const error_code& problem) {
    if (!problem) abort_all();
  });
  report_if_drained();
}

void Server::abort_all() {
  for (Relay* const relay : relays_) relay->abort("aborted");
  for (asio::cancellation_signal& each : connections_) each.emit(asio::cancellation_type::all);
}

void Server::report_if_drained() {
  if (!is_draining_ || !connections_.empty()) return;
  is_drained_ = true;
  drain_timer_.cancel();
  tick_.cancel();
  if (drained_) asio::post(context_, std::exchange(drained_, nullptr));
}

}  // namespace plimsoll::bridge

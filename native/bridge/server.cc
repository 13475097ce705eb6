#include "plimsoll/native/bridge/server.h"

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/status.hpp>

#include "plimsoll/core/base/check.h"
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

// What RFC 6455 calls the code of a close that has none, which Beast calls 0.
constexpr unsigned no_close_code = 1005;

// For the log, of a connection that had to make room.
constexpr std::string_view dropped = "dropped: half-open for the longest";
// For clients. The server was reached, so it is for the operator, and trying again is no use.
constexpr std::string_view login_refused = "the server refused the bridge's login";

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

Common::Common(const ConnectionLimitOptions& options, std::size_t memory_limit, std::size_t threads)
    : limits(options), ahead(memory_limit / ahead_part), shared(memory_limit, threads) {}

Server::Server(asio::io_context& context, Settings settings, VerifyToken verify,
               const std::map<std::string, Policy, std::less<>>& policies, Budget& budget,
               AccessLog& log, Common& common)
    : context_(context),
      settings_(std::move(settings)),
      verify_(std::move(verify)),
      policies_(policies),
      common_(common),
      doorkeeper_(settings_.rules, verify_, common_.limits),
      sizes_(random_seed()),
      buffers_(budget.open_account(PoolKind::replies)),
      places_(budget.open_account(PoolKind::connections)),
      shared_(context.get_executor(), *buffers_, common_.shared),
      log_(log),
      arrivals_(common_.limits, budget, *places_, counters_.own()),
      tick_(context),
      tick_interval_(tick_interval_of(settings_.relay)),
      drain_timer_(context) {
  PLIMSOLL_CHECK(buffers_ && places_);
  for (const auto& [name, policy] : policies_) counters_.add_profile(name);
  for (const auto& [name, target] : settings_.rules.upstreams) {
    counters_.add_upstream(name);
    if (target.shared != nullptr) shared_.counters(*target.shared);
  }
}

Server::~Server() = default;

void Server::take(Tcp::socket socket) {
  load_.fetch_add(1, std::memory_order_relaxed);
  asio::dispatch(context_, [this, socket = std::move(socket)]() mutable {
    ++counters_.own().connections_accepted;
    begin(std::move(socket));
  });
}

// A connection, as long as its coroutine runs.
struct Server::Visit {
  Visit(Tcp::socket socket, Arrivals& arrivals)
      : stream(Stream::Socket(std::move(socket))), arrival(arrivals, stream) {}

  Stream stream;
  Arrival arrival;
  bool is_loopback = false;  // the address that the client has reached
  std::unique_ptr<Request> request;
  Admission admission;
  bool is_over = false;  // it ends without an answer
  AccessLine line;
};

void Server::begin(Tcp::socket socket) {
  error_code problem;
  const Tcp::endpoint peer = socket.remote_endpoint(problem);
  if (problem) {  // the client has gone already
    load_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const bool is_loopback = socket.local_endpoint(problem).address().is_loopback();
  native::set_tcp_options(socket.native_handle(), unacknowledged_max(settings_.relay));
  auto visit = std::make_unique<Visit>(std::move(socket), arrivals_);
  visit->line.address = peer.address().to_string();
  visit->is_loopback = is_loopback;
  const auto connection = connections_.emplace(connections_.end());
  // Posted, because a connection may end within abort_all(), which iterates over connections_.
  const auto end = [this, connection](std::exception_ptr) {
    asio::post(context_, [this, connection] {
      connections_.erase(connection);
      load_.fetch_sub(1, std::memory_order_relaxed);
      report_if_drained();
    });
  };
  asio::co_spawn(context_, serve(std::move(visit)),
                 asio::bind_cancellation_slot(connection->slot(), end));
}

asio::awaitable<void> Server::serve(std::unique_ptr<Visit> visit) {
  visit->admission = receive(*visit);
  if (visit->admission.is_welcome()) co_await let_in(*visit);
  if (visit->is_over) co_return part(visit->stream);
  if (visit->admission.is_welcome()) co_await carry(*visit);
  co_await conclude(*visit);
}

// A refusal of a connection of which nothing was read. Before TLS there is no way to answer.
Admission Server::refuse_early(std::string why) const {
  const auto status =
      settings_.entry.tls == nullptr ? http::status::service_unavailable : http::status::unknown;
  return refuse(status, std::move(why), retry_later);
}

// Gives the connection a place if a proxy may be about to tell the client's address. Those of other
// connections are known already, so enter() counts them at once.
Admission Server::receive(Visit& visit) {
  if (is_draining_) return refuse_early("draining");
  const EntryRules& rules = settings_.entry;
  if (!rules.proxy_protocol && !is_trusted_proxy(rules, visit.line.address)) return {};
  Admission admitted = visit.arrival.admit();
  if (!admitted.is_welcome()) admitted = refuse_early(std::move(admitted.why));
  return admitted;
}

EntryCalls Server::calls_for(Visit& visit) {
  Arrival& arrival = visit.arrival;
  const auto count = [this, &arrival](const std::string& address) {
    if (arrival.is_dropped()) return refuse(http::status::unknown, std::string(dropped));
    Admission counted = doorkeeper_.count(address, arrival.place_of_address);
    return counted.is_welcome() ? arrival.admit() : std::move(counted);
  };
  const auto pay = [this, &arrival](EntryStep step) {
    if (arrival.is_dropped()) return refuse(http::status::unknown, std::string(dropped));
    const std::size_t of_tls = step == EntryStep::request ? tls_bytes : tls_handshake_bytes;
    if (arrival.pay(half_open_bytes + of_tls)) return Admission();
    ++counters_.own().out_of_memory;
    return refuse_early("memory_limit");
  };
  return {.count = count, .pay = pay};
}

// Takes a connection through all steps until its request is judged.
asio::awaitable<void> Server::let_in(Visit& visit) {
  const EntryCalls calls = calls_for(visit);
  const std::string peer = visit.line.address;
  Entry entry = co_await enter(visit.stream, settings_.entry, peer, calls);
  Entrance entrance{.is_loopback = visit.is_loopback && !settings_.behind_proxy};
  if (settings_.pages != nullptr) co_await show_pages(visit, entry, entrance, calls);
  visit.is_over = entry.is_over;
  if (visit.is_over) co_return;
  visit.line.address = entrance.address = entry.address;
  if (visit.arrival.is_dropped()) {
    visit.admission = refuse(http::status::unknown, std::string(dropped));
  } else if (!entry.request) {
    visit.admission = std::move(entry.refusal);
  } else {
    visit.admission = doorkeeper_.judge(*entry.request, entrance);
  }
  if (!visit.admission.is_welcome()) co_return;
  visit.request = std::make_unique<Request>(std::move(*entry.request));
}

// Answers a client that was refused, and writes the line of the log.
asio::awaitable<void> Server::conclude(Visit& visit) {
  if (!visit.admission.is_welcome()) {
    ++counters_.own().refused_handshakes;
    visit.arrival.linger();
    co_await turn_away(visit.stream, visit.admission, settings_.entry);
  }
  AccessLine& line = visit.line;
  line.status = static_cast<unsigned>(visit.admission.status);
  counters_of(visit.admission).handshakes.add(line.status);
  if (const Profile* const profile = visit.admission.authorization.profile; profile != nullptr) {
    line.profile = profile->name;
    line.token_id = visit.admission.authorization.id;
  }
  if (line.why.empty()) line.why = visit.admission.why;
  log_.write(line);
}

asio::awaitable<std::variant<ServerEnd, DialProblem>> Server::reach_timed(
    const Admission& admission) {
  const auto began_at = std::chrono::steady_clock::now();
  const ReachOptions options{.connect_timeout = settings_.connect_timeout,
                             .unacknowledged_max = unacknowledged_max(settings_.relay),
                             .max_staleness = admission.max_staleness};
  auto reached = co_await reach(*admission.upstream, admission.authorization, shared_, options);
  UpstreamCounters& counters = counters_.of_upstream(admission.upstream_name);
  if (std::holds_alternative<ServerEnd>(reached)) {
    counters.dials.add(std::chrono::steady_clock::now() - began_at);
  } else {
    ++counters.failures;
  }
  co_return reached;
}

ProfileCounters& Server::counters_of(const Admission& admission) {
  const Profile* const profile = admission.authorization.profile;
  return counters_.of_profile(profile == nullptr ? std::string_view() : profile->name);
}

// Connects to the server. If that fails, the result is null and the admission becomes a refusal.
asio::awaitable<std::shared_ptr<Relay>> Server::make_relay(Visit& visit) {
  Admission& admission = visit.admission;
  const Profile& profile = *admission.authorization.profile;
  Counters& counters = counters_of(admission).done;
  const bool has_server_tls = admission.upstream->tls != nullptr;
  if (!visit.arrival.pay(relay_bytes + tls_bytes_of_clients() + (has_server_tls ? tls_bytes : 0))) {
    ++counters.out_of_memory;
    admission.turn_into(refuse(http::status::service_unavailable, "memory_limit", retry_later));
    co_return nullptr;
  }
  visit.arrival.settle();
  auto reached = co_await reach_timed(admission);
  if (const auto* problem = std::get_if<DialProblem>(&reached)) {
    ++counters.upstream_failures;
    Admission refusal = refuse(http::status::bad_gateway, problem->what);
    if (problem->is_refused_login) refusal.reason = login_refused;
    admission.turn_into(std::move(refusal));
    co_return nullptr;
  }
  const Relay::Shared shared{.options = settings_.relay,
                             .policy = policies_.find(profile.name)->second,
                             .window = profile.window,
                             .kept = profile.kept,
                             .sizes = sizes_,
                             .upstream = reinterpret_cast<std::uintptr_t>(admission.upstream),
                             .rate = *admission.rate,
                             .account = *buffers_,
                             .ahead = common_.ahead,
                             .counters = counters};
  co_return std::make_shared<Relay>(std::move(visit.stream),
                                    std::get<ServerEnd>(std::move(reached)),
                                    admission.authorization, shared);
}

// Relays until the end.
asio::awaitable<void> Server::carry(Visit& visit) {
  AccessLine& line = visit.line;
  const Admission& admission = visit.admission;
  line.upstream = admission.upstream_name;
  line.protocol = admission.protocol;
  const ProfileConnection connection(counters_of(admission));
  const std::shared_ptr<Relay> relay = co_await make_relay(visit);
  if (relay == nullptr) co_return;
  const Listed listed(relays_, *relay);
  ++connection.profile().done.upgrades;
  counters_.handshakes.add(std::chrono::steady_clock::now() - line.began_at);
  if (is_draining_) relay->end(Relay::Code::going_away, "shutting down");
  // The token may have been withdrawn while dial() waited, when relays_ had no such relay.
  end_if_withdrawn(*relay);
  auto running = relay->run(std::move(*visit.request), admission.protocol);
  visit.request.reset();  // the relay has it now, and may last for days
  const RelayEnd end = co_await std::move(running);
  connection.profile().closes.add(end.code == Relay::Code::none ? no_close_code
                                                                : unsigned{end.code});
  line.close_code = end.code;
  line.why = end.reason;
  line.bytes_in = end.bytes_in;
  line.bytes_out = end.bytes_out;
  line.commands_allowed = end.commands_allowed;
  line.commands_refused = end.commands_refused;
}

// ---- Pages

// Answers requests for pages until the client asks for a WebSocket, is refused, or is gone. The
// time of the visit's line begins anew with each further request.
asio::awaitable<void> Server::show_pages(Visit& visit, Entry& entry, Entrance& entrance,
                                         const EntryCalls& calls) {
  Arrival& arrival = visit.arrival;
  for (unsigned requests = 1;
       entry.request && !asks_for_upgrade(*entry.request) && !arrival.is_dropped(); ++requests) {
    entrance.address = entry.address;
    entry.refusal = judge_page(*entry.request, entrance, arrival);
    if (!entry.refusal.is_welcome()) {
      entry.request.reset();
      co_return;
    }
    arrival.wait();  // from now on: the client got so far
    AccessLine line = line_of(entry);
    const bool is_last = requests == page_requests_max || is_draining_;
    const PageAnswer answer = answer_with_page(
        *settings_.pages, *entry.request, is_last ? Afterwards::close : Afterwards::keep_alive);
    entry.request.reset();  // its headers may be large, and the client may take its time
    const bool is_sent =
        co_await send_page(visit.stream, answer, settings_.entry.handshake_timeout);
    note(answer, is_sent, line);
    entry.is_over = !is_sent || !answer.keeps_alive || is_draining_;
    if (!is_sent) visit.stream.reset();
    if (entry.is_over) {
      // Requests that stay unanswered must not destroy the last answer by a reset.
      const bool has_more =
          is_sent && (!entry.behind.empty() || visit.stream.available_bytes() > 0);
      if (has_more) {
        arrival.linger();
        co_await visit.stream.async_linger(as_tuple(use_awaitable));
      }
      co_return;
    }
    const Listed resting(resting_, visit.stream);
    co_await enter_again(visit.stream, settings_.entry, entry, calls);
    visit.line.began_at = std::chrono::steady_clock::now();
    if (entry.is_over) co_return;
  }
}

Admission Server::judge_page(const Request& request, const Entrance& entrance, Arrival& arrival) {
  Admission judged = doorkeeper_.judge_page(request, entrance);
  if (!judged.is_welcome() || arrival.pay(visit_bytes + tls_bytes_of_clients())) return judged;
  ++counters_.own().out_of_memory;
  return refuse(http::status::service_unavailable, "memory_limit", retry_later);
}

void Server::note(const PageAnswer& answer, bool is_sent, AccessLine& line) {
  ++counters_.own().pages;
  line.status = static_cast<unsigned>(answer.status);
  if (is_sent) {
    counters_.own().page_bytes += answer.body.size();
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
  shared_.check();
  common_.limits.forget(now);
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
  shared_.close();
  for (Relay* const relay : relays_) relay->abort("aborted");
  for (asio::cancellation_signal& each : connections_) each.emit(asio::cancellation_type::all);
}

void Server::report_if_drained() {
  if (!is_draining_ || !connections_.empty()) return;
  is_drained_ = true;
  shared_.close();
  drain_timer_.cancel();
  tick_.cancel();
  if (drained_) asio::post(context_, std::exchange(drained_, nullptr));
}

}  // namespace plimsoll::bridge

// More than 500 lines, because a relay is one state machine of two coroutines that end each other.

#include "plimsoll/native/bridge/relay/relay.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "plimsoll/native/bridge/relay/to_server.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::as_tuple;
using asio::use_awaitable;
using boost::system::error_code;

// The buffer for large messages of a client.
constexpr std::size_t large_bytes = 64 * 1024;

// The shortest wait for the rate, which all connections of a token share. If each connection woke
// up whenever one command becomes free, most of them would find it taken by another.
constexpr std::chrono::milliseconds pace_min{10};

// The type byte in front of data in the subprotocol with credits.
constexpr std::size_t type_bytes = 1;

// What lies in front of the replies in a buffer.
constexpr std::size_t headroom = OwedReplies::headroom + type_bytes;

// Of requests that are read for the credit behind them.
constexpr std::size_t ahead_bytes = 4096;

// Only differences of these count.
std::uint32_t microseconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// Sets `since` to now, and resets it at the end of the scope.
class During {
 public:
  explicit During(std::optional<std::chrono::steady_clock::time_point>& since) : since_(since) {
    since_ = std::chrono::steady_clock::now();
  }
  ~During() { since_.reset(); }
  During(const During&) = delete;
  During& operator=(const During&) = delete;

 private:
  std::optional<std::chrono::steady_clock::time_point>& since_;
};

}  // namespace

Relay::Relay(Stream client, ServerEnd server, const Authorization& authorization,
             const Shared& shared)
    : authorization_(authorization),
      options_(shared.options),
      account_(shared.account),
      counters_(shared.counters),
      client_(std::move(client)),
      server_(std::move(server)),
      gate_(shared.policy, shared.account, shared.options.requests, &shared.sizes, shared.upstream),
      owed_(shared.window, shared.kept, shared.sizes, shared.account,
            shared.counters.request_times),
      ahead_(shared.account, shared.ahead),
      rate_(shared.rate),
      liveness_(shared.options.ping_interval, shared.options.pongs_missed_max),
      change_(client_.get_executor()) {
  ++counters_.relays;
}

Relay::~Relay() { --counters_.relays; }

void Relay::tune(std::string_view protocol) {
  has_credits_ = protocol == protocol_with_credits;
  websocket::stream_base::timeout timeout;
  timeout.handshake_timeout = options_.handshake_timeout;
  timeout.idle_timeout = websocket::stream_base::none();  // check_liveness() takes its place
  timeout.keep_alive_pings = false;
  client_.set_option(timeout);
  client_.control_callback([this](websocket::frame_type kind, auto) {
    liveness_.handle_sign();
    if (kind == websocket::frame_type::close) check_close_code();
  });
  client_.set_option(websocket::stream_base::decorator([protocol](auto& response) {
    response.set(beast::http::field::sec_websocket_protocol, protocol);
    response.set(beast::http::field::server, "plimsoll-bridge");  // else Beast names itself
  }));
  client_.read_message_max(options_.message_bytes_max);
  client_.auto_fragment(false);
  client_.binary(true);
}

asio::awaitable<RelayEnd> Relay::run(Request request, std::string_view protocol) {
  using asio::experimental::awaitable_operators::operator&&;
  tune(protocol);
  const auto [problem] = co_await client_.async_accept(request, as_tuple(use_awaitable));
  request = Request();  // frees it: the connection may last for days
  if (problem) {
    handle_client_gone(problem);
  } else {
    is_open_ = true;
    server_.begin();
    if (is_over_) begin_close();
    co_await (carry_requests() && carry_replies());
  }
  result_.commands_allowed = gate_.statistics().allowed;
  result_.commands_refused = gate_.statistics().refused;
  co_return result_;
}

// ---- Requests

asio::awaitable<void> Relay::carry_requests() {
  for (;;) {
    const std::optional<std::size_t> size = co_await take(small_);
    if (!size) co_return;
    if (*size < small_.size()) continue;
    const bool goes_on = co_await take_large();
    if (!goes_on) co_return;
  }
}

// Reads into a large buffer as long as more arrives than fits into small_. Returns false if the
// relay is over. Without memory for the large buffer, carry_requests() goes on with the small one,
// only slower.
asio::awaitable<bool> Relay::take_large() {
  const Block large = Block::allocate(account_, large_bytes);
  if (!large) co_return true;
  std::optional<std::size_t> size;
  do {
    size = co_await take({static_cast<char*>(large.data()), large.size()});
  } while (size && *size > small_.size());
  co_return size.has_value();
}

// Reads and forwards a part of a message. Returns its size, or nothing if the relay is over. While
// the client is silent, the relay waits here: this coroutine's frame should stay small.
asio::awaitable<std::optional<std::size_t>> Relay::take(std::span<char> space) {
  begin_reading();
  const auto [problem, size] = co_await client_.async_read_some(
      asio::buffer(space.data(), space.size()),
      asio::bind_cancellation_slot(operations_.reading.slot(), as_tuple(use_awaitable)));
  const std::string_view data = end_reading(problem, space.first(size));
  if (problem) co_return std::nullopt;
  if (!data.empty()) co_await forward(data);
  if (!ahead_.empty()) co_await forward_ahead();
  co_return size;
}

void Relay::begin_reading() {
  is_reading_ = true;
  end_if_drained();
}

// Returns what is RESP of a part of a message.
std::string_view Relay::end_reading(const error_code& problem, std::span<const char> part) {
  is_reading_ = false;
  if (problem) {
    handle_client_gone(problem);
    return {};
  }
  liveness_.handle_sign();
  if (is_over_) return {};  // dropped: reading goes on until the client answers the close
  result_.bytes_in += part.size();
  counters_.bytes_from_clients += part.size();
  if (!client_.got_binary()) {
    end(Code::unknown_data, "text");
    return {};
  }
  std::string_view data(part.data(), part.size());
  if (has_credits_) {
    data = credit_.take(data, client_.is_message_done());
    if (credit_.problem() != CreditReader::Problem::none) {
      end(Code::policy_error, words_of(credit_.problem()));
      return {};
    }
    if (waiting_since_) change_.cancel();
  }
  return data;
}

// Returns when the server has all of `data`, or when the relay is over.
asio::awaitable<void> Relay::forward(std::string_view data) {
  while (!data.empty() && !is_over_) {
    const std::size_t commands_max = rate_.is_bounded()
                                         ? rate_.left(std::chrono::steady_clock::now())
                                         : std::numeric_limits<std::size_t>::max();
    ToServer out(server_, account_, owed_, unsent_, commands_max, microseconds_now());
    const GateStatistics before = gate_.statistics();
    const GateOutcome outcome = gate_.feed(data, out);
    counters_.commands_allowed += gate_.statistics().allowed - before.allowed;
    counters_.commands_refused += gate_.statistics().refused - before.refused;
    if (rate_.is_bounded()) rate_.spend(gate_.statistics().commands() - before.commands());
    error_code problem = out.problem();
    if (!problem && (!out.rest().empty() || server_.has_rest())) {
      co_await write_rest(out.rest(), problem);
    }
    if (is_over_) co_return;
    if (problem) co_return handle_server_gone(server_.words_of(problem));
    if (!out.had_memory()) co_return end_for(GateOutcome::no_memory);
    if (outcome == GateOutcome::full && out.has_spent_all()) {
      co_await wait_for_rate();
    } else if (outcome == GateOutcome::full) {
      co_await wait_for_room();
    } else if (outcome != GateOutcome::ok) {
      end_for(outcome);
    }
  }
}

asio::awaitable<void> Relay::write_rest(std::string_view rest, error_code& problem) {
  std::optional<During> waiting;
  if (server_.is_own_connection()) waiting.emplace(server_waiting_since_);
  if (server_.has_rest()) {
    const auto [failed, none] =
        co_await server_.async_write_some(asio::const_buffer(), as_tuple(use_awaitable));
    problem = failed;
  }
  // Each time all that is left: a session takes whole commands, and asio::async_write() would cut
  // one in two that is longer than 64 KiB.
  while (!problem && !rest.empty()) {
    const auto [failed, size] = co_await server_.async_write_some(
        asio::const_buffer(rest.data(), rest.size()), as_tuple(use_awaitable));
    problem = failed;
    rest.remove_prefix(size);
  }
}

asio::awaitable<void> Relay::wait_for_rate() {
  ++counters_.paced;
  is_paced_ = true;
  if (!pause_) pause_.emplace(client_.get_executor());
  pause_->expires_after(std::max<Rate::Clock::duration>(rate_.wait(), pace_min));
  co_await pause_->async_wait(as_tuple(use_awaitable));
  is_paced_ = false;
}

// Waits until a request may have become possible that OwedReplies had no room for. Without credit
// no reply gets on, so no room comes, before the client's next credit has been read.
asio::awaitable<void> Relay::wait_for_room() {
  ++counters_.held_back;
  is_waiting_for_room_ = true;
  // Half of them at a time: if each reply let one request go on, each would be written by itself.
  room_at_ = owed_.requests_in_flight() / 2;
  while (is_waiting_for_room_ && !is_over_) {
    if (sendable_bytes() == 0) {
      co_await read_ahead();
    } else {
      co_await pause();
    }
  }
  is_waiting_for_room_ = false;
}

// Waits until pause_ is cancelled.
asio::awaitable<void> Relay::pause() {
  if (!pause_) pause_.emplace(client_.get_executor());
  pause_->expires_at(std::chrono::steady_clock::time_point::max());
  co_await pause_->async_wait(as_tuple(use_awaitable));
}

asio::awaitable<void> Relay::read_ahead() {
  std::array<char, ahead_bytes> space;
  begin_reading();
  const auto [problem, size] = co_await client_.async_read_some(
      asio::buffer(space.data(), space.size()),
      asio::bind_cancellation_slot(operations_.reading.slot(), as_tuple(use_awaitable)));
  const std::string_view data = end_reading(problem, std::span(space).first(size));
  if (is_over_) co_return;
  if (ahead_.view().size() + data.size() > options_.requests_ahead_bytes_max) {
    co_return end(Code::policy_error, "too many requests without credit");
  }
  if (!ahead_.append(data)) end_for(GateOutcome::no_memory);
}

// Forwards what was read ahead, and what is read ahead meanwhile.
asio::awaitable<void> Relay::forward_ahead() {
  while (!ahead_.empty() && !is_over_) {
    const AheadBytes next(std::move(ahead_));
    co_await forward(next.view());
  }
}

// Replies have come, or have been taken: there may be room for a request that waits.
void Relay::handle_room() {
  if (!is_waiting_for_room_ || owed_.requests_in_flight() > room_at_) return;
  is_waiting_for_room_ = false;
  if (pause_) pause_->cancel();
}

void Relay::end_for(GateOutcome outcome) {
  Code code = Code::policy_error;
  if (outcome == GateOutcome::too_large) code = Code::too_big;
  if (outcome == GateOutcome::no_memory) {
    code = Code::try_again_later;
    ++counters_.out_of_memory;
  }
  end(code, reason_of(outcome));
}

// ---- Replies

asio::awaitable<void> Relay::carry_replies() {
  while (!is_over_) {
    const std::size_t room = std::min(small_reply_.size() - headroom, sendable_bytes());
    if (room == 0) {
      co_await wait_for_credit();
      continue;
    }
    const std::span<char> space(small_reply_.data() + headroom, room);
    const auto [problem, size] = co_await server_.async_read_some(
        asio::buffer(space.data(), space.size()), as_tuple(use_awaitable));
    if (is_over_) co_return;
    if (problem) co_return handle_server_gone(server_.words_of(problem));
    if (size == room) {
      co_await send_large(space);
    } else {
      co_await send(space.first(size));
    }
  }
}

std::size_t Relay::sendable_bytes() const {
  if (!has_credits_) return options_.sent_bytes_max;
  return static_cast<std::size_t>(std::min<std::uint64_t>(options_.sent_bytes_max, credit_.left()));
}

// Waits until the server has sent something, and then for credit to pass it on. The order matters:
// a client without credit counts as stalled only if there are bytes for it.
asio::awaitable<void> Relay::wait_for_credit() {
  if (!server_.holds_bytes()) {
    const auto [problem] = co_await server_.async_wait(as_tuple(use_awaitable));
    if (is_over_) co_return;
    if (problem) co_return handle_server_gone(server_.words_of(problem));
    if (server_.has_ended()) co_return handle_server_gone(server_.words_of(asio::error::eof));
  }
  if (sendable_bytes() == 0) co_await wait_for_grant();
}

asio::awaitable<void> Relay::wait_for_grant() {
  ++counters_.stalls;
  const During waiting(waiting_since_);
  if (is_waiting_for_room_ && pause_) pause_->cancel();  // only reading on brings credit
  while (sendable_bytes() == 0 && !is_over_) {
    change_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await change_.async_wait(as_tuple(use_awaitable));
  }
}

// Sends `begin`, which was read, together with what the socket holds behind it, up to the credit.
asio::awaitable<void> Relay::send_large(std::span<const char> begin) {
  const std::size_t wanted = std::min(begin.size() + server_.available_bytes(), sendable_bytes());
  const Block buffer = Block::allocate(account_, headroom + wanted);
  if (!buffer) {
    ++counters_.out_of_memory;
    end(Code::try_again_later, "no memory");
    co_return;
  }
  char* const bytes = static_cast<char*>(buffer.data()) + headroom;
  std::copy(begin.begin(), begin.end(), bytes);
  std::size_t size = begin.size();
  if (size < wanted) {
    error_code problem;
    size += server_.read_now({bytes + size, wanted - size}, problem);
    // The next read reports a problem again, after what came before it was sent.
  }
  co_await send({bytes, size});
}

// Sends what the client gets of `bytes`, which lie behind `headroom`.
asio::awaitable<void> Relay::send(std::span<char> bytes) {
  std::span<char> message = owed_.follow(bytes, microseconds_now());
  if (owed_.is_broken()) co_return handle_server_gone("it sent what is no RESP");
  while (!message.empty()) {
    unsent_ = message.size();
    // What was held back comes on top of what was read within the credit.
    if (sendable_bytes() == 0) co_await wait_for_grant();
    if (is_over_) co_return;
    const std::size_t size = has_credits_ ? std::min(message.size(), sendable_bytes()) : unsent_;
    const bool has_gone = co_await send_message(message.first(size));
    if (!has_gone) co_return;
    message = message.subspan(size);
  }
  unsent_ = 0;
  handle_room();
  if (owed_.has_quit()) end(Code::normal, "QUIT");
  end_if_drained();
}

// Sends one message within the credit. Returns false if the relay is over.
asio::awaitable<bool> Relay::send_message(std::span<char> bytes) {
  result_.bytes_out += bytes.size();
  counters_.bytes_to_clients += bytes.size();
  if (has_credits_) {
    credit_.use(bytes.size());
    bytes = {bytes.data() - type_bytes, bytes.size() + type_bytes};
    bytes[0] = type_data;
  }
  handle_room();
  const During waiting(waiting_since_);
  const auto [problem, sent] = co_await client_.async_write(
      asio::const_buffer(bytes.data(), bytes.size()),
      asio::bind_cancellation_slot(operations_.writing.slot(), as_tuple(use_awaitable)));
  if (problem) handle_client_gone(problem);
  co_return !problem;
}

// ---- The end: by either peer, by time, or by the Server

void Relay::check(std::chrono::steady_clock::time_point now,
                  std::chrono::system_clock::time_point wall_now) {
  if (closing_since_ && now - *closing_since_ >= options_.handshake_timeout)
    abort("no answer to a close");
  if (is_over_) return;
  if (authorization_.expires_at && wall_now >= *authorization_.expires_at)
    return end(Code::policy_error, "token expired");
  // While the rate pauses the client, the relay does not read it, so a grant of credit may be
  // waiting unread behind requests. That time does not count as a stall.
  if (waiting_since_ && is_paced_) waiting_since_ = now;
  if (waiting_since_ && now - *waiting_since_ >= options_.stall_timeout) {
    ++counters_.stalled_cuts;
    return end(Code::policy_error, "not reading");
  }
  if (server_waiting_since_ && now - *server_waiting_since_ >= options_.stall_timeout) {
    return handle_server_gone("it does not read requests");
  }
  if (drained_at_ && now >= *drained_at_) return end(Code::going_away, "shutting down");
  if (is_open_ && !is_reading_ && client_.next_layer().has_hung_up()) {
    return abort("the client is gone");
  }
  if (is_open_) check_liveness(now);
}

void Relay::check_liveness(std::chrono::steady_clock::time_point now) {
  switch (liveness_.check(now, is_reading_)) {
    case Liveness::Due::nothing: return;
    case Liveness::Due::end: ++counters_.silent_cuts; return abort("no answer to pings");
    case Liveness::Due::ping: break;
  }
  if (is_pinging_) return;  // the previous ping has not left yet
  is_pinging_ = true;
  const auto has_left = [self = shared_from_this()](const error_code&) {
    self->is_pinging_ = false;
  };
  client_.async_ping({}, asio::bind_cancellation_slot(operations_.pinging.slot(), has_left));
}

void Relay::end(Code code, std::string_view reason) {
  if (is_over_) return;
  is_over_ = true;
  result_.code = code;
  result_.reason = reason;
  // A page that is left, or a bridge that shuts down. Other codes may come from a client that has
  // given up a silent connection.
  if (code == Code::going_away) server_.forget_client();
  server_.close();
  change_.cancel();
  if (pause_) pause_->cancel();
  if (is_open_) begin_close();
}

void Relay::drain(std::chrono::steady_clock::time_point deadline) {
  drained_at_ = deadline;
  if (!is_open_) return end(Code::going_away, "shutting down");
  end_if_drained();
}

// Whether the client has sent nothing that is unanswered.
bool Relay::is_drained() const {
  return drained_at_ && is_reading_ && !is_over_ && owed_.is_settled() && unsent_ == 0 &&
         !gate_.is_amid_request();
}

// Posted, because a read that was just begun may complete with bytes that Beast holds already.
void Relay::end_if_drained() {
  if (!is_drained()) return;
  asio::post(client_.get_executor(), [self = shared_from_this()] {
    if (!self->is_drained() || self->client_.next_layer().available_bytes() > 0) return;
    self->end(Code::going_away, "shutting down");
  });
}

void Relay::abort(std::string_view why) {
  is_open_ = false;
  end(Code::abnormal, why);
  client_.next_layer().close();
  // Posted, because check() may be the caller: its caller iterates over all relays, and an
  // operation that ends here could take this one out of the list.
  asio::post(client_.get_executor(), [self = shared_from_this()] { self->end_operations(); });
}

// Closing the socket ends only an operation that waits for the socket. If the client's frame breaks
// the protocol while a close is being written, none does: Beast's read waits for the close, and the
// close for the write, so each has to be cancelled.
void Relay::end_operations() {
  for (asio::cancellation_signal* const each :
       {&operations_.closing, &operations_.pinging, &operations_.writing, &operations_.reading}) {
    each->emit(asio::cancellation_type::terminal);
  }
}

// Sends the close frame, after what is being written, and waits for the client's. carry_requests()
// goes on reading until then, because it is what reads the client's close frame.
void Relay::begin_close() {
  closing_since_ = std::chrono::steady_clock::now();
  const websocket::close_reason reason(result_.code, result_.reason);
  const auto has_closed = [self = shared_from_this()](const error_code&) {};
  client_.async_close(reason, asio::bind_cancellation_slot(operations_.closing.slot(), has_closed));
}

// Beast would answer a close of 5000 and above with the same code, which RFC 6455 does not define
// (section 7.4.2). Other codes that may not be sent it answers with 1002, as this does. Beast calls
// this before it answers, so the close that begins here is the one that is sent.
void Relay::check_close_code() {
  constexpr unsigned code_max = 4999;
  if (client_.reason().code > code_max) end(Code::protocol_error, "a close code that is none");
}

void Relay::handle_client_gone(const error_code& problem) {
  if (is_over_) return;
  is_open_ = false;  // the client would not receive a close frame
  // If the client has closed its socket, too, Beast reports that instead of the close.
  const bool has_closed = problem == websocket::error::closed || client_.reason();
  const bool too_large = problem == websocket::error::message_too_big;
  Code code = has_closed ? static_cast<Code>(client_.reason().code) : Code::abnormal;
  if (too_large) code = Code::too_big;
  end(code, has_closed ? "closed by the client" : problem.message());
}

// A session that ends by itself counts as a lost server only if one is gone.
void Relay::handle_server_gone(std::string_view why) {
  if (is_over_) return;
  switch (server_.cause()) {
    case SharedSession::Cause::taken_over: return end(Code::normal, why);
    case SharedSession::Cause::no_memory:
      ++counters_.out_of_memory;
      end(Code::try_again_later, "no memory");
      break;
    case SharedSession::Cause::unread: end(Code::policy_error, "not reading"); break;
    case SharedSession::Cause::server_gone:
      ++counters_.upstream_losses;
      end(Code::internal_error, "the server is gone");
      break;
  }
  result_.reason += ": ";
  result_.reason += why;
}

}  // namespace plimsoll::bridge

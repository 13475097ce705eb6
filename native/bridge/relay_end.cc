#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/native/bridge/relay.h"

// How a relay ends: by itself, by time, or because it is told to.

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

}  // namespace

void Relay::check(std::chrono::steady_clock::time_point now,
                  std::chrono::system_clock::time_point wall_now) {
  if (closing_since_ && now - *closing_since_ >= options_.handshake_timeout)
    abort("no answer to a close");
  if (is_over_) return;
  if (grant_.expires_at && wall_now >= *grant_.expires_at)
    return end(Code::policy_error, "token expired");
  // What it has granted meanwhile may lie behind what it may not send yet.
  if (waiting_since_ && is_paced_) waiting_since_ = now;
  if (waiting_since_ && now - *waiting_since_ >= options_.stall_timeout) {
    ++counters_.stalled_cuts;
    return end(Code::policy_error, "not reading");
  }
  if (server_waiting_since_ && now - *server_waiting_since_ >= options_.stall_timeout) {
    return handle_server_gone("it takes no requests");
  }
  if (is_open_) check_liveness(now);
}

void Relay::check_liveness(std::chrono::steady_clock::time_point now) {
  const bool is_listening = !is_paced_ && !server_waiting_since_;
  switch (liveness_.check(now, is_listening)) {
    case Liveness::Due::nothing: return;
    case Liveness::Due::end: ++counters_.silent_cuts; return abort("no answer to pings");
    case Liveness::Due::ping: break;
  }
  if (is_pinging_) return;  // the one before has not even left
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
  server_.close();
  change_.cancel();
  if (pause_) pause_->cancel();
  if (is_open_) begin_close();
}

void Relay::abort(std::string_view why) {
  is_open_ = false;
  end(Code::abnormal, why);
  client_.next_layer().close();
  // Not from within check(), whose caller goes over all relays.
  asio::post(client_.get_executor(), [self = shared_from_this()] { self->end_operations(); });
}

// The socket's end reaches the operation that waits for the socket. Where a frame breaks the
// protocol while a close is being written, none does: Beast's read waits for the close, with what
// the close waits for.
void Relay::end_operations() {
  for (asio::cancellation_signal* const each :
       {&operations_.closing, &operations_.pinging, &operations_.writing, &operations_.reading}) {
    each->emit(asio::cancellation_type::terminal);
  }
}

// The close frame, behind what is being written, and the client's answer to it. Whoever reads goes
// on until then.
void Relay::begin_close() {
  closing_since_ = std::chrono::steady_clock::now();
  const websocket::close_reason reason(result_.code, result_.reason);
  const auto has_closed = [self = shared_from_this()](const error_code&) {};
  client_.async_close(reason, asio::bind_cancellation_slot(operations_.closing.slot(), has_closed));
}

void Relay::handle_client_gone(const error_code& problem) {
  if (is_over_) return;
  is_open_ = false;  // there is nobody to be told
  // Of one that has closed its socket as well Beast says what became of that.
  const bool has_closed = problem == websocket::error::closed || client_.reason();
  const bool too_large = problem == websocket::error::message_too_big;
  Code code = has_closed ? static_cast<Code>(client_.reason().code) : Code::abnormal;
  if (too_large) code = Code::too_big;
  end(code, has_closed ? "closed by the client" : problem.message());
}

void Relay::handle_server_gone(std::string_view why) {
  if (is_over_) return;
  ++counters_.upstream_losses;
  end(Code::internal_error, "the server is gone");
  result_.reason += ": ";
  result_.reason += why;
}

}  // namespace plimsoll::bridge

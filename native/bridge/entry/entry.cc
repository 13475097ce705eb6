#include "plimsoll/native/bridge/entry/entry.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/native/bridge/entry/forwarded_for.h"
#include "plimsoll/native/bridge/http/proxy_header.h"
#include "plimsoll/native/bridge/pages/page_answer.h"
#include "plimsoll/native/websocket/opening.h"
#include "plimsoll/native/websocket/protocol.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::as_tuple;
using asio::use_awaitable;
using asio::experimental::awaitable_operators::operator||;
using boost::system::error_code;

// For a client whose connection has not reached HTTP.
constexpr auto no_answer = http::status::unknown;

// Refuses a request with a body, which the bridge would not read.
Admission refuse_body(const Request& request, const EntryRules& rules) {
  const bool is_plain = rules.has_pages && !asks_for_upgrade(request);
  if (is_plain && !is_for_page(request.method())) return refuse_method();
  return refuse(http::status::bad_request, "a body");
}

// Whether what comes behind this request's header is another request (RFC 9112, section 9.3.2):
// nobody can take it for a body. Behind a request with Upgrade, even one that is to be ignored, a
// proxy in front may see a tunnel in which the client could hide requests (request smuggling).
bool may_be_followed(const Request& request, const EntryRules& rules) {
  return rules.has_pages && is_for_page(request.method()) && !asks_for_upgrade(request) &&
         request.count(http::field::content_length) == 0;
}

// 414 if not even the target fits (RFC 9112, section 3); 400 for whatever else is no request.
// `left` is what Beast has not parsed. It begins with the first line as long as no target is known.
Admission refuse_header(const Request& parsed, std::string_view left, const error_code& problem) {
  const bool is_too_long =
      problem == http::error::header_limit || problem == http::error::buffer_overflow;
  const bool is_in_target =
      parsed.target().empty() && left.find("\r\n") == left.npos && left.find(' ') != left.npos;
  return refuse(
      is_too_long && is_in_target ? http::status::uri_too_long : http::status::bad_request,
      problem.message());
}

// Each of the following functions performs one step. If a step fails, the function returns false,
// and `entry.refusal` says why.

asio::awaitable<bool> read_proxy_header(Stream& stream, const EntryRules& rules, Entry& entry) {
  if (!is_trusted_proxy(rules, entry.address)) {
    entry.refusal = refuse(no_answer, "proxy_protocol: the sender is not in trusted_proxies");
    co_return false;
  }
  ProxyHeader header;
  while (!header.space().empty()) {
    const asio::mutable_buffer space(header.space().data(), header.space().size());
    const auto [problem, size] =
        co_await asio::async_read(stream.socket(), space, as_tuple(use_awaitable));
    if (problem) {
      entry.refusal = refuse(no_answer, problem.message());
      co_return false;
    }
    header.handle_filled();
  }
  if (!header.problem().empty()) {
    entry.refusal = refuse(no_answer, std::string(header.problem()));
    co_return false;
  }
  if (!header.address().empty()) entry.address = header.address();
  co_return true;
}

// A client that sends nothing costs no state of TLS: the bridge makes it when the first byte comes.
asio::awaitable<bool> begin_tls(Stream& stream, const EntryRules& rules, const EntryCalls& calls,
                                Entry& entry) {
  const error_code problem = co_await stream.wait_for_bytes();
  if (problem) {
    entry.refusal = refuse(no_answer, problem.message());
    co_return false;
  }
  entry.refusal = calls.pay(EntryStep::tls_handshake);
  if (!entry.refusal.is_welcome()) {
    entry.refusal.status = no_answer;
    co_return false;
  }
  std::string why = co_await stream.begin_tls(*rules.tls);
  if (!why.empty()) entry.refusal = refuse(no_answer, std::move(why));
  if (!entry.refusal.is_welcome()) co_return false;
  entry.refusal = calls.pay(EntryStep::request);
  co_return entry.refusal.is_welcome();
}

asio::awaitable<bool> read_request(Stream& stream, const EntryRules& rules, Entry& entry) {
  // Grows with the header: one that does not come to its end is often short.
  boost::beast::flat_buffer buffer(header_bytes_max);
  buffer.commit(asio::buffer_copy(buffer.prepare(entry.behind.size()), asio::buffer(entry.behind)));
  std::string().swap(entry.behind);  // frees it: the client may leave the connection idle
  http::request_parser<http::empty_body> parser;
  parser.header_limit(header_bytes_max);
  auto [problem, size] =
      co_await http::async_read_header(stream, buffer, parser, as_tuple(use_awaitable));
  // Beast counts the first line only if the header comes in pieces.
  if (!problem && size > header_bytes_max) problem = http::error::header_limit;
  const std::string_view left(static_cast<const char*>(buffer.cdata().data()), buffer.size());
  if (problem) {
    entry.is_over = !parser.got_some();
    entry.refusal = refuse_header(parser.get(), left, problem);
    co_return false;
  }
  Request& request = parser.get();
  entry.address = client_of(request, entry.sender, [&rules](std::string_view address) {
    return is_trusted_proxy(rules, address);
  });
  // A client that wants a WebSocket sends nothing behind the header before it has the answer. Bytes
  // there are a body, or another request that a proxy in front may not have seen. Transfer-Encoding
  // is refused, too: with some codings Beast finds no body where there is one.
  const bool has_coding = request.count(http::field::transfer_encoding) > 0;
  const bool has_more = !left.empty() && !may_be_followed(request, rules);
  if (const std::string_view wrong = bring_into_form(request); !wrong.empty()) {
    entry.refusal = refuse(http::status::bad_request, std::string(wrong));
    co_return false;
  }
  if (has_more || !parser.is_done() || has_coding) {
    entry.refusal = refuse_body(request, rules);
    co_return false;
  }
  entry.behind = left;
  entry.request = parser.release();
  co_return true;
}

// What a refused client is told. It names no upstream and no profile, and not why a token is bad.
std::string_view reason_of(http::status status) {
  switch (status) {
    case http::status::bad_request: return "no known subprotocol";
    case http::status::unauthorized: return "no token, or none that is good";
    case http::status::forbidden: return "not with this token";
    case http::status::not_found: return "no such upstream";
    case http::status::too_many_requests: return "too many connections of this token";
    case http::status::bad_gateway: return "the server cannot be reached";
    default: return "try again later";
  }
}

// The answer that opens a WebSocket, and the frame that closes it: browsers show pages nothing of
// another answer.
std::string refusal_by_close(const Admission& refusal) {
  const std::string_view reason =
      refusal.reason.empty() ? reason_of(refusal.status) : refusal.reason;
  const std::uint16_t code = websocket::close_of_status(static_cast<unsigned>(refusal.status));
  std::string bytes =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  bytes.append(websocket::accept_of(refusal.refusal_key));
  bytes.append("\r\nSec-WebSocket-Protocol: ").append(websocket::protocol_refusal);
  bytes.append("\r\n\r\n");
  constexpr char close_frame = '\x88';
  bytes.push_back(close_frame);
  bytes.push_back(static_cast<char>(2 + reason.size()));
  bytes.push_back(static_cast<char>(code >> 8U));
  bytes.push_back(static_cast<char>(code & 0xffU));
  return bytes.append(reason);
}

// Tells the client that it is refused, by a close if it wants that, else by the status.
asio::awaitable<void> answer(Stream& stream, const Admission& refusal, const EntryRules& rules) {
  if (!refusal.refusal_key.empty()) {
    const std::string close = refusal_by_close(refusal);
    co_await asio::async_write(stream, asio::buffer(close), as_tuple(use_awaitable));
    co_return;
  }
  http::response<http::empty_body> response(refusal.status, 11);
  response.set(http::field::connection, "close");
  response.set(http::field::content_length, "0");
  if (refusal.retry_after.count() > 0) {
    response.set(http::field::retry_after, std::to_string(refusal.retry_after.count()));
  }
  if (refusal.status == http::status::unauthorized) {
    response.set(http::field::www_authenticate, "Bearer");
  }
  if (refusal.status == http::status::method_not_allowed) {
    response.set(http::field::allow, "GET, HEAD");
  }
  if (refusal.names_version) response.set(http::field::sec_websocket_version, "13");
  if (rules.has_pages) restrict_pages(response);
  co_await http::async_write(stream, response, as_tuple(use_awaitable));
}

// Counts the connection; if it is refused, drops the request.
bool is_counted(Entry& entry, const EntryCalls& calls) {
  entry.refusal = calls.count(entry.address);
  if (entry.refusal.is_welcome()) return true;
  entry.request.reset();
  return false;
}

}  // namespace

bool is_trusted_proxy(const EntryRules& rules, std::string_view address) {
  return std::ranges::any_of(rules.trusted_proxies,
                             [&](const Network& network) { return network.contains(address); });
}

asio::awaitable<Entry> enter(Stream& stream, const EntryRules& rules, const std::string& peer,
                             const EntryCalls& calls) {
  Entry entry;
  entry.address = peer;
  bool has_come_to_http = rules.tls == nullptr;
  const auto steps = [&]() -> asio::awaitable<void> {
    if (rules.proxy_protocol && !co_await read_proxy_header(stream, rules, entry)) co_return;
    entry.sender = entry.address;
    const bool is_known = !is_trusted_proxy(rules, entry.sender);
    if (is_known && !is_counted(entry, calls)) {
      if (!has_come_to_http) entry.refusal.status = no_answer;
      co_return;
    }
    if (rules.tls != nullptr && !co_await begin_tls(stream, rules, calls, entry)) co_return;
    has_come_to_http = true;
    if (co_await read_request(stream, rules, entry) && !is_known) is_counted(entry, calls);
  };
  asio::steady_timer timer(stream.get_executor(), rules.handshake_timeout);
  const auto first = co_await (steps() || timer.async_wait(as_tuple(use_awaitable)));
  entry.is_over = false;  // a client that sends nothing at first gets an answer
  if (first.index() == 1) {
    entry.request.reset();
    entry.refusal =
        refuse(has_come_to_http ? http::status::request_timeout : no_answer, "handshake_timeout");
  }
  co_return entry;
}

asio::awaitable<void> enter_again(Stream& stream, const EntryRules& rules, Entry& entry,
                                  const EntryCalls& calls) {
  entry.request.reset();
  asio::steady_timer timer(stream.get_executor(), rules.handshake_timeout);
  const auto first =
      co_await (read_request(stream, rules, entry) || timer.async_wait(as_tuple(use_awaitable)));
  if (first.index() == 1) {
    entry.request.reset();
    entry.is_over = true;
  }
  if (entry.request && is_trusted_proxy(rules, entry.sender)) is_counted(entry, calls);
}

asio::awaitable<void> turn_away(Stream& stream, const Admission& refusal, const EntryRules& rules) {
  if (refusal.status != no_answer) {
    asio::steady_timer timer(stream.get_executor(), rules.handshake_timeout);
    co_await (answer(stream, refusal, rules) || timer.async_wait(as_tuple(use_awaitable)));
    // Lingers so that bytes which the client still sends cannot cause a reset, which would destroy
    // the answer. Not for clients that came too often: lingering would keep their connections open.
    if (refusal.retry_after.count() == 0) co_await stream.async_linger(as_tuple(use_awaitable));
  }
  part(stream);
}

void part(Stream& stream) {
  stream.say_goodbye();
  error_code ignored;
  stream.socket().shutdown(Stream::Socket::shutdown_both, ignored);
}

}  // namespace plimsoll::bridge

#include "plimsoll/native/bridge/pages/page_answer.h"

#include <array>
#include <sstream>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/native/bridge/http/header_list.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::as_tuple;
using asio::use_awaitable;
using asio::experimental::awaitable_operators::operator||;

// All files get these, not only HTML: a dedicated worker obeys the headers of its script.
constexpr std::pair<std::string_view, std::string_view> restrictions[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
     "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

constexpr std::string_view for_ever = "public, max-age=31536000, immutable";
constexpr std::string_view ask_each_time = "no-cache";

// Whether If-None-Match has `etag` (RFC 9110, 13.1.2). The comparison is weak, so W/ is ignored.
// The bridge's own tags contain no comma, so the list can be split at commas.
bool has_it(const Request& request, std::string_view etag) {
  const std::string list = list_of(request, http::field::if_none_match);
  for (std::string_view rest = list; !rest.empty();) {
    std::string_view one = take_element(rest, ',');
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

void describe(const PageChoice& choice, http::fields& header) {
  header.set(http::field::etag, choice.page->etag);
  header.set(http::field::cache_control, choice.page->is_hashed ? for_ever : ask_each_time);
  if (choice.has_codings) header.set(http::field::vary, "Accept-Encoding");
}

void describe_body(const PageChoice& choice, http::fields& header) {
  header.set(http::field::content_type, choice.type);
  if (!choice.coding.empty()) header.set(http::field::content_encoding, choice.coding);
}

}  // namespace

void restrict_pages(http::fields& header) {
  for (const auto& [name, value] : restrictions) header.set(name, value);
}

PageAnswer answer_with_page(const Pages& pages, const Request& request, Afterwards afterwards) {
  const std::string accepted = list_of(request, http::field::accept_encoding);
  const PageChoice choice =
      pages.find({request.target().data(), request.target().size()}, accepted);
  PageAnswer answer;
  answer.keeps_alive = afterwards == Afterwards::keep_alive && request.keep_alive();
  http::response<http::empty_body> response(http::status::ok, request.version());
  restrict_pages(response);
  std::string_view body;
  if (choice.page == nullptr) {
    response.result(http::status::not_found);
    response.set(http::field::cache_control, ask_each_time);
  } else {
    describe(choice, response);
    body = choice.page->bytes;
    if (has_it(request, choice.page->etag)) response.result(http::status::not_modified);
  }
  // A 304 has no body, and no headers that describe one (RFC 9110, 15.4.5).
  if (response.result() == http::status::not_modified) {
    body = {};
  } else {
    if (choice.page != nullptr) describe_body(choice, response);
    response.content_length(body.size());
  }
  response.keep_alive(answer.keeps_alive);
  std::ostringstream head;
  head << response.base();
  answer.status = response.result();
  answer.head = head.str();
  if (request.method() == http::verb::get) answer.body = body;
  return answer;
}

asio::awaitable<bool> send_page(Stream& stream, const PageAnswer& answer,
                                std::chrono::milliseconds timeout) {
  asio::steady_timer timer(stream.get_executor());
  std::string_view head = answer.head;
  std::string_view body = answer.body;
  do {
    const std::string_view piece = body.substr(0, page_piece_bytes);
    const std::array<asio::const_buffer, 2> buffers = {
        asio::const_buffer(head.data(), head.size()),
        asio::const_buffer(piece.data(), piece.size())};
    timer.expires_after(timeout);
    const auto first = co_await (asio::async_write(stream, buffers, as_tuple(use_awaitable)) ||
                                 timer.async_wait(as_tuple(use_awaitable)));
    if (first.index() == 1 || std::get<0>(std::get<0>(first))) co_return false;
    head = {};
    body.remove_prefix(piece.size());
  } while (!body.empty());
  co_return true;
}

}  // namespace plimsoll::bridge

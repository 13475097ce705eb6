// The part of a Server that shows pages.

#include <cstddef>
#include <string>
#include <utility>

#include <boost/asio/socket_base.hpp>
#include <boost/beast/http/status.hpp>

#include "plimsoll/native/bridge/listed.h"
#include "plimsoll/native/bridge/page_answer.h"
#include "plimsoll/native/bridge/server.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

// Of one connection. A browser has six of them, and comes back for more.
constexpr unsigned page_requests_max = 100;

// What a connection that is shown pages takes, about: a request's header, an answer's, and what
// Asio and Beast keep for it. The pages themselves are there once.
constexpr std::size_t visit_bytes = 16 * 1024;

// What the system still holds of an answer goes along with the connection that did not take it.
const asio::socket_base::linger drop_unsent(true, 0);

AccessLine line_of(const Entry& entry) {
  const auto target = entry.request->target();
  AccessLine line;
  line.address = entry.address;
  line.page = std::string(target.substr(0, target.find('?')));
  return line;
}

}  // namespace

// Until it asks for something else, is refused, or is over.
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
      stream.socket().close(ignored);  // the destructor would have it linger after all
    }
    if (entry.is_over) co_return;
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
    line.why = "not read within handshake_timeout, or gone";
  }
  log_.write(line);
}

}  // namespace plimsoll::bridge

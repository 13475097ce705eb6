#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/status.hpp>

#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/native/bridge/stream/stream.h"

// What a request for a page is answered.

namespace plimsoll::bridge {

/// Whether the connection goes on after an answer, if the client wants it to.
enum class Afterwards : std::uint8_t { keep_alive, close };

struct PageAnswer {
  boost::beast::http::status status = boost::beast::http::status::ok;
  std::string head;       ///< up to the empty line, and with it
  std::string_view body;  ///< the page's own bytes; empty where only the head was asked for
  bool keeps_alive = false;
};

/// `request` is a GET or a HEAD. The answer refers to `pages`.
PageAnswer answer_with_page(const Pages& pages, const Request& request, Afterwards afterwards);

/// Of it so many bytes at a time are sent, each within a time.
inline constexpr std::size_t page_piece_bytes = std::size_t{64} << 10;

/// False: the client is gone, or has not taken a piece within `timeout`.
boost::asio::awaitable<bool> send_page(Stream& stream, const PageAnswer& answer,
                                       std::chrono::milliseconds timeout);

/// What every answer says of a bridge with pages: that a browser takes them for what they are, runs
/// and embeds nothing of others', and lends others nothing of theirs. With these a page is
/// cross-origin isolated.
void restrict_pages(boost::beast::http::fields& header);

}  // namespace plimsoll::bridge

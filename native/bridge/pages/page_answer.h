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

// Answers requests for pages.

namespace plimsoll::bridge {

/// Whether the connection may serve another request, if the client wants to keep it.
enum class Afterwards : std::uint8_t { keep_alive, close };

struct PageAnswer {
  boost::beast::http::status status = boost::beast::http::status::ok;
  std::string head;       ///< status line and headers, including the empty line
  std::string_view body;  ///< refers to the page; empty for HEAD and for a 304
  bool keeps_alive = false;
};

/// `request` must be a GET or a HEAD. The answer refers to `pages`.
PageAnswer answer_with_page(const Pages& pages, const Request& request, Afterwards afterwards);

/// send_page() sends the body in pieces of this size, each within its timeout, so that a slow
/// client that still reads is not cut off.
inline constexpr std::size_t page_piece_bytes = std::size_t{64} << 10;

/// Returns false if the client is gone, or did not take a piece within `timeout`.
boost::asio::awaitable<bool> send_page(Stream& stream, const PageAnswer& answer,
                                       std::chrono::milliseconds timeout);

/// Adds the security headers that every answer of a bridge with pages has. With these, browsers do
/// not guess content types, run and embed nothing from other origins, and let other origins use
/// nothing of the pages. They also make a page cross-origin isolated.
void restrict_pages(boost::beast::http::fields& header);

}  // namespace plimsoll::bridge

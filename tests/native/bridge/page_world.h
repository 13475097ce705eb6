#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/page_files.h"

namespace plimsoll::testing {

/// Larger than what systems take of a client that does not read.
inline constexpr std::size_t large_page_bytes = std::size_t{12} << 20;

/// Options of a bridge that shows index.html, "home", and large.bin.
class PageOptions {
 public:
  explicit PageOptions(BridgeOptions options = {}) : options_(std::move(options)) {
    options_.settings.pages = &pages_;
    options_.settings.entry.has_pages = true;
    options_.settings.rules.page_schemes = {"http"};
  }

  BridgeOptions& operator*() { return options_; }
  BridgeOptions* operator->() { return &options_; }
  const bridge::Pages& pages() const { return pages_; }

 private:
  static std::string fill(PageFiles& files) {
    files.add("index.html", "home").add("large.bin", std::string(large_page_bytes, 'x'));
    return files.path();
  }

  PageFiles files_;
  bridge::Pages pages_{fill(files_)};
  BridgeOptions options_;
};

/// A connection that asks for one thing after another.
class HttpClient {
 public:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  explicit HttpClient(std::uint16_t port) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }

  void send(std::string_view target, const Headers& headers = {}) {
    namespace http = boost::beast::http;
    Request request(http::verb::get, {target.data(), target.size()}, 11);
    request.set(http::field::host, "localhost");
    for (const auto& [name, value] : headers) request.set(name, value);
    http::write(socket_, request);
  }

  /// A body of any size. Throws what Beast throws.
  Response receive() {
    namespace http = boost::beast::http;
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    http::read(socket_, buffer_, parser);
    return parser.release();
  }

  Response ask(std::string_view target, const Headers& headers = {}) {
    send(target, headers);
    return receive();
  }

  /// Whether nothing more comes.
  bool is_ended() {
    boost::system::error_code problem;
    char byte = 0;
    socket_.read_some(boost::asio::buffer(&byte, 1), problem);
    return problem.failed();
  }

  /// Reads on to the end: what ended it.
  boost::system::error_code end() {
    boost::system::error_code problem;
    std::array<char, 65536> dropped;
    while (!problem) socket_.read_some(boost::asio::buffer(dropped), problem);
    return problem;
  }

  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
  boost::beast::flat_buffer buffer_;
};

}  // namespace plimsoll::testing

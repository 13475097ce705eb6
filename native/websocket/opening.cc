#include "plimsoll/native/websocket/opening.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <openssl/evp.h>

#include "plimsoll/native/base/sha1.h"
#include "plimsoll/native/websocket/protocol.h"

namespace plimsoll::inline v0::websocket {
namespace {

namespace http = boost::beast::http;

// The beginning of every HTTP answer.
constexpr std::string_view http_begin = "HTTP/1.";
constexpr std::string_view header_end = "\r\n\r\n";

// The GUID of section 1.3.
constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string base64(std::span<const unsigned char> bytes) {
  // EVP_EncodeBlock() writes a zero byte behind the text.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= token_bytes_max && text.front() != ' ' &&
         text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string key_of(const KeyBytes& bytes) { return base64(bytes); }

std::string accept_of(std::string_view key) {
  return base64(native::sha1(std::string(key).append(accept_suffix)));
}

std::string request_of(const Opening& opening, std::string_view key) {
  std::string text = "GET ";
  text.append(opening.path).append(" HTTP/1.1\r\nHost: ").append(opening.host);
  text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13");
  text.append("\r\nSec-WebSocket-Key: ").append(key);
  text.append("\r\nSec-WebSocket-Protocol: ").append(protocol_with_credits);
  text.append(", ").append(protocol_bare);
  if (!opening.token.empty()) text.append("\r\nAuthorization: Bearer ").append(opening.token);
  text.append(header_end);
  return text;
}

std::size_t AnswerReader::take(std::string_view bytes) {
  if (state_ != State::reading) return 0;
  const std::size_t before = answer_.size();
  answer_.append(bytes.substr(0, answer_bytes_max - before));
  if (!answer_.starts_with(http_begin.substr(0, answer_.size()))) {
    state_ = State::not_http;
    return answer_.size() - before;
  }
  const std::size_t begin = before < header_end.size() ? 0 : before - header_end.size();
  const std::size_t end = answer_.find(header_end, begin);
  if (end == answer_.npos) {
    if (answer_.size() == answer_bytes_max) state_ = State::too_long;
    return answer_.size() - before;
  }
  answer_.resize(end + header_end.size());
  read();
  return answer_.size() - before;
}

void AnswerReader::read() {
  http::response_parser<http::empty_body> parser;
  parser.skip(true);  // Beast must not expect a body, whatever the header says
  parser.header_limit(answer_bytes_max);
  boost::system::error_code problem;
  parser.put(boost::asio::buffer(answer_.data(), answer_.size()), problem);
  if (problem || !parser.is_header_done()) {
    state_ = State::not_http;
    return;
  }
  const auto& header = parser.get();
  status_ = header.result_int();
  retry_after_ = std::string(header[http::field::retry_after]);
  if (status_ != static_cast<unsigned>(http::status::switching_protocols)) {
    state_ = State::refused;
    return;
  }
  wrong_ = check(header);
  state_ = wrong_ == nullptr ? State::accepted : State::not_as_asked;
}

// Checks a server's answer: section 4.1, steps 1 to 6.
template <class Header>
const char* AnswerReader::check(const Header& header) {
  using boost::beast::iequals;
  const auto has_one = [&](http::field name) { return header.count(name) == 1; };
  if (!has_one(http::field::upgrade) || !iequals(header[http::field::upgrade], "websocket") ||
      !http::token_list(header[http::field::connection]).exists("upgrade")) {
    return "it upgrades to no WebSocket";
  }
  if (!has_one(http::field::sec_websocket_accept) ||
      header[http::field::sec_websocket_accept] != accept_) {
    return "its Sec-WebSocket-Accept is that of another request";
  }
  if (header.count(http::field::sec_websocket_extensions) != 0) {
    return "it uses an extension that was not asked for";
  }
  const auto protocol = header[http::field::sec_websocket_protocol];
  const bool is_known = protocol == protocol_with_credits || protocol == protocol_bare;
  if (!has_one(http::field::sec_websocket_protocol) || !is_known) {
    return "it has chosen no subprotocol of those that were offered";
  }
  framing_ = protocol == protocol_with_credits ? Framing::with_credits : Framing::bare;
  return nullptr;
}

}  // namespace plimsoll::inline v0::websocket

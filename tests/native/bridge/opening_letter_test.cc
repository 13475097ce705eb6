// The letter of RFC 6455, 9110 and 9112 for a request that wants a WebSocket, as an attacker of the
// handshake tries it: each case is the bytes of a request, and says why its answer is what it is.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/page_world.h"

namespace plimsoll::testing::opening_letter_test {
namespace {

using namespace std::string_literals;
using Tcp = boost::asio::ip::tcp;

// The header of the answer, or what came of it until the bridge ended the connection.
std::string head_of_answer(std::uint16_t port, std::string_view bytes) {
  boost::asio::io_context context;
  Tcp::socket socket(context);
  socket.connect({boost::asio::ip::address_v4::loopback(), port});
  boost::system::error_code ended;
  boost::asio::write(socket, boost::asio::buffer(bytes), ended);
  std::string answer;
  boost::asio::read_until(socket, boost::asio::dynamic_buffer(answer), "\r\n\r\n", ended);
  return answer.substr(0, answer.find("\r\n\r\n"));
}

unsigned status_in(const std::string& head) {
  constexpr std::string_view begin = "HTTP/1.1 ";
  return head.starts_with(begin) ? static_cast<unsigned>(std::stoul(head.substr(begin.size(), 3)))
                                 : 0;
}

constexpr std::string_view request_line = "GET /main HTTP/1.1\r\n";
constexpr std::string_view host = "Host: localhost\r\n";
constexpr std::string_view connection = "Connection: Upgrade\r\n";
constexpr std::string_view upgrade = "Upgrade: websocket\r\n";
constexpr std::string_view version = "Sec-WebSocket-Version: 13\r\n";
constexpr std::string_view key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view protocol = "Sec-WebSocket-Protocol: resp\r\n";

// A good request, in which a case replaces one line by others.
std::string request_with(std::string_view replaced, std::string_view by) {
  std::string request(request_line);
  for (const std::string_view line : {host, connection, upgrade, version, key, protocol}) {
    request.append(line);
  }
  request.append("Authorization: Bearer ").append(good_token).append("\r\n\r\n");
  return request.replace(request.find(replaced), replaced.size(), by);
}

// More lines in front of those of a good request.
std::string request_and(std::string_view lines) {
  return request_with(host, std::string(host).append(lines));
}

struct Case {
  const char* what;
  std::string bytes;
  unsigned status;
};

// All come from one address, and faster than its limit permits.
BridgeOptions unlimited() {
  BridgeOptions options;
  options.settings.limits.upgrades_per_second_per_address = 1'000'000;
  return options;
}

void check(const std::vector<Case>& cases) {
  BridgeWorld world(unlimited());
  for (const Case& each : cases) {
    INFO(each.what);
    const std::string head = head_of_answer(world.port(), each.bytes);
    INFO(head);
    CHECK(status_in(head) == each.status);
    CHECK(head.find("let me in") == head.npos);
  }
}

// RFC 6455, 4.2.1: a request that breaks the grammar of a header gets 400.

TEST_CASE("the key is base64 of 16 bytes, once") {
  const auto with_key = [](std::string_view value) {
    return request_with(key, "Sec-WebSocket-Key: " + std::string(value) + "\r\n");
  };
  check({
      {"as it should be", with_key("dGhlIHNhbXBsZSBub25jZQ=="), 101},
      {"both letters of base64 that base64url has not", with_key("+/+/+/+/+/+/+/+/+/+/+w=="), 101},
      {"blanks around it, which are no part of it", with_key(" \tdGhlIHNhbXBsZSBub25jZQ== \t"),
       101},
      {"none", request_with(key, ""), 400},
      {"an empty one", with_key(""), 400},
      {"padding alone", with_key("=="), 400},
      {"two", request_and(key), 400},
      {"two in one line", with_key("dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="), 400},
      {"15 bytes", with_key("dGhlIHNhbXBsZSBub25j"), 400},
      {"17 bytes", with_key("dGhlIHNhbXBsZSBub25jZSE="), 400},
      {"24 bytes", with_key("dGhlIHNhbXBsZSBub25jZSBhbmQgbW9y"), 400},
      {"without padding", with_key("dGhlIHNhbXBsZSBub25jZQ"), 400},
      {"with too much", with_key("dGhlIHNhbXBsZSBub25jZQ==="), 400},
      {"padding that is not at the end", with_key("dGhlIHNhbXBsZSBub25j=ZQ="), 400},
      {"bits behind the last byte", with_key("dGhlIHNhbXBsZSBub25jZR=="), 400},
      {"letters of base64url", with_key("-_-_-_-_-_-_-_-_-_-_-w=="), 400},
      {"a letter that is none", with_key("dGhlIHNhbXBsZSBub25jZ!=="), 400},
      {"a blank within", with_key("dGhlIHNhbXBs ZSBub25jZQ=="), 400},
      {"quotes", with_key("\"dGhlIHNhbXBsZSBub25jZQ==\""), 400},
  });
}

TEST_CASE("whoever speaks another version is told which one the bridge speaks") {
  BridgeWorld world(unlimited());
  const auto head_of = [&](const std::string& bytes) {
    return head_of_answer(world.port(), bytes);
  };
  const auto names_version = [](const std::string& head) {
    return head.find("\r\nSec-WebSocket-Version: 13") != head.npos;
  };
  for (const std::string lines :
       {"", "Sec-WebSocket-Version:\r\n", "Sec-WebSocket-Version: 8\r\n",
        "Sec-WebSocket-Version: 14\r\n", "Sec-WebSocket-Version: 013\r\n",
        "Sec-WebSocket-Version: 13.0\r\n", "Sec-WebSocket-Version: \"13\"\r\n",
        // RFC 6455, 11.3.5: a request must not have it more than once.
        "Sec-WebSocket-Version: 13, 8\r\n", "Sec-WebSocket-Version: 13, 13\r\n",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Version: 13\r\n"}) {
    INFO(lines);
    const std::string head = head_of(request_with(version, lines));
    CHECK(status_in(head) == 400);
    CHECK(names_version(head));
  }
  // What is no request for a WebSocket is told nothing of versions.
  for (const std::string& bytes :
       {request_with(upgrade, ""), request_with(connection, ""), request_with(host, ""),
        request_with(key, ""), request_with(upgrade, "Upgrade: h2c\r\n")}) {
    INFO(bytes);
    const std::string head = head_of(bytes);
    CHECK(status_in(head) == 400);
    CHECK_FALSE(names_version(head));
  }
  // In its place: Host, Origin and the token are looked at afterwards.
  for (const std::string lines :
       {"Host: evil.example\r\n", "Host: localhost\r\nOrigin: null\r\n"}) {
    std::string bytes = request_with(host, lines);
    bytes.replace(bytes.find(version), version.size(), "Sec-WebSocket-Version: 8\r\n");
    CHECK(status_in(head_of(bytes)) == 400);
  }
}

TEST_CASE("several lines of Connection and of Upgrade are one list each, of tokens") {
  check({
      {"two lines of Connection", request_and("Connection: keep-alive\r\n"), 101},
      {"in the other order",
       request_with(connection, "Connection: Upgrade\r\nConnection: keep-alive\r\n"), 101},
      {"two lines of Upgrade, the first of another protocol", request_and("Upgrade: h2c\r\n"), 101},
      {"the other first", request_with(upgrade, "Upgrade: websocket\r\nUpgrade: h2c\r\n"), 101},
      {"one line", request_with(upgrade, "Upgrade: h2c, websocket\r\n"), 101},
      {"behind a protocol with a version", request_with(upgrade, "Upgrade: IRC/6.9,WebSocket\r\n"),
       101},
      {"a list in each", request_and("Connection: TE, close\r\nUpgrade: a, b/1\r\n"), 101},
      // RFC 9110, 5.6.1.2: a recipient must ignore empty elements.
      {"empty elements", request_with(connection, "Connection: , ,Upgrade ,\t,\r\n"), 101},
      {"empty elements of Upgrade", request_with(upgrade, "Upgrade: ,, websocket,\r\n"), 101},
      {"an empty line besides", request_and("Connection:\r\nUpgrade: \r\n"), 101},
      {"any case", request_with(connection, "cOnNeCtIoN: uPgRaDe\r\n"), 101},
      {"Connection without Upgrade", request_with(connection, "Connection: keep-alive\r\n"), 400},
      {"no Connection", request_with(connection, ""), 400},
      {"no Upgrade", request_with(upgrade, ""), 400},
      {"another protocol", request_with(upgrade, "Upgrade: h2c\r\n"), 400},
      // RFC 6455, 4.2.1: the value is "websocket"; a protocol with a version is another one.
      {"a version of it", request_with(upgrade, "Upgrade: websocket/13\r\n"), 400},
      {"a name that begins so", request_with(upgrade, "Upgrade: websocket2\r\n"), 400},
      {"two words", request_with(upgrade, "Upgrade: websocket h2c\r\n"), 400},
      {"a parameter", request_with(upgrade, "Upgrade: websocket;q=1\r\n"), 400},
      {"quotes", request_with(upgrade, "Upgrade: \"websocket\"\r\n"), 400},
      {"quotes besides", request_and("Upgrade: \"h2c\"\r\n"), 400},
      {"a quote that is open to the next line",
       request_with(connection, "Connection: \"keep-alive\r\nConnection: Upgrade\"\r\n"), 400},
      {"a slash without a version", request_and("Upgrade: a/\r\n"), 400},
      {"two words of Connection", request_with(connection, "Connection: Upgrade close\r\n"), 400},
      {"an option in quotes", request_with(connection, "Connection: \"Upgrade\"\r\n"), 400},
      {"semicolons", request_with(connection, "Connection: keep-alive; Upgrade\r\n"), 400},
  });
}

TEST_CASE("what must be there once is not looked for in several lines") {
  check({
      {"two Host, the same", request_and("Host: localhost\r\n"), 400},
      {"two Host, another", request_and("Host: evil.example\r\n"), 400},
      {"two Origin", request_and("Origin: null\r\nOrigin: null\r\n"), 400},
      {"two Authorization", request_and("Authorization: Bearer let me in\r\n"), 401},
      {"the second of another scheme", request_and("Authorization: Basic eA==\r\n"), 401},
      {"subprotocols in two lines, which are one list (RFC 6455, 11.3.4)",
       request_and("Sec-WebSocket-Protocol: mqtt\r\n"), 101},
      {"subprotocols with empty elements", request_and("Sec-WebSocket-Protocol: ,,\r\n"), 101},
      {"a subprotocol that is no token", request_and("Sec-WebSocket-Protocol: a b\r\n"), 400},
      {"a subprotocol in quotes", request_with(protocol, "Sec-WebSocket-Protocol: \"resp\"\r\n"),
       400},
      {"a token with padding", request_and("Sec-WebSocket-Protocol: bearer.bGV0IG1lIGluIQ==\r\n"),
       400},
      {"two Content-Length, which differ",
       request_and("Content-Length: 0\r\nContent-Length: 5\r\n"), 400},
      {"a length and a coding",
       request_and("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {"a coding", request_and("Transfer-Encoding: identity\r\n"), 400},
      {"a coding behind a tab", request_and("Transfer-Encoding:\tchunked\r\n") + "0\r\n\r\n", 400},
      {"a length that is no number", request_and("Content-Length: 0x0\r\n"), 400},
      {"a negative length", request_and("Content-Length: -1\r\n"), 400},
      {"bytes behind the header", request_and("") + "x", 400},
      {"a frame behind the header", request_and("") + "\x82\x80\x00\x00\x00\x00"s, 400},
      {"another request behind the header", request_and("") + request_and(""), 400},
      {"a length of none, and bytes", request_and("Content-Length: 0\r\n") + "x", 400},
  });
}

TEST_CASE("the request's line is as RFC 9112, section 3, has it") {
  const auto with_line = [](std::string_view line) {
    return request_with(request_line, std::string(line) + "\r\n");
  };
  check({
      {"HTTP/1.0 must not be upgraded (RFC 9110, 7.8)", with_line("GET /main HTTP/1.0"), 400},
      {"no version", with_line("GET /main"), 400},
      {"a later version", with_line("GET /main HTTP/2.0"), 400},
      {"a version of two digits", with_line("GET /main HTTP/1.10"), 400},
      {"a version in lower case", with_line("GET /main http/1.1"), 400},
      {"a method in lower case is another one (RFC 9110, 9.1)", with_line("get /main HTTP/1.1"),
       400},
      {"another method", with_line("POST /main HTTP/1.1"), 400},
      {"CONNECT", with_line("CONNECT localhost:80 HTTP/1.1"), 400},
      {"two blanks", with_line("GET  /main HTTP/1.1"), 400},
      {"a tab", with_line("GET\t/main HTTP/1.1"), 400},
      {"a blank in front", with_line(" GET /main HTTP/1.1"), 400},
      {"a blank behind", with_line("GET /main HTTP/1.1 "), 400},
      // RFC 9112, 2.2, would have servers ignore it, for clients that end a body with it. Here no
      // request has a body.
      {"an empty line in front", "\r\n" + request_and(""), 400},
      {"NUL", with_line("GET /main\0 HTTP/1.1"s), 400},
      {"a lone CR", with_line("GET /main HTTP/1.1\r"), 400},
      {"a whole address (RFC 9112, 3.2.2)", with_line("GET http://localhost/main HTTP/1.1"), 101},
      {"in upper case", with_line("GET HTTP://LOCALHOST/main HTTP/1.1"), 101},
      {"with TLS, which a proxy may have ended", with_line("GET https://localhost/main HTTP/1.1"),
       101},
      {"without a path", with_line("GET http://localhost HTTP/1.1"), 101},
      {"with only a query", with_line("GET http://localhost?x HTTP/1.1"), 101},
      {"of another host", with_line("GET http://evil.example/main HTTP/1.1"), 400},
      {"with a name in front of the host", with_line("GET http://localhost@evil/main HTTP/1.1"),
       400},
      {"with a user", with_line("GET http://me@localhost/main HTTP/1.1"), 400},
      {"with another port", with_line("GET http://localhost:1/main HTTP/1.1"), 400},
      {"of no host", with_line("GET http:///main HTTP/1.1"), 400},
      {"of another scheme", with_line("GET ws://localhost/main HTTP/1.1"), 400},
      {"an asterisk, which is for OPTIONS", with_line("GET * HTTP/1.1"), 400},
      {"an authority, which is for CONNECT", with_line("GET localhost:80 HTTP/1.1"), 400},
      {"no slash", with_line("GET main HTTP/1.1"), 400},
      {"a fragment", with_line("GET /main#x HTTP/1.1"), 400},
      {"two slashes are another name", with_line("GET //main HTTP/1.1"), 404},
      {"an escape is another name", with_line("GET /%6dain HTTP/1.1"), 404},
      // RFC 9112, section 3: 414 for a target that is longer than the bridge reads.
      {"a target beyond the header's size", with_line("GET /" + std::string(9000, 'x')), 414},
      {"a method of that size", std::string(9000, 'G'), 400},
  });
}

TEST_CASE("header lines are as RFC 9112, section 5, has them") {
  check({
      {"a blank in front of the colon", request_with(key, std::string(key).insert(17, " ")), 400},
      {"a blank in front of the first line", request_with(host, " Host: localhost\r\n"), 400},
      {"no colon", request_and("X\r\n"), 400},
      {"no name", request_and(": x\r\n"), 400},
      {"a name that is no token", request_and("X(y): z\r\n"), 400},
      {"NUL in a name", request_and("X\0: z\r\n"s), 400},
      {"NUL in a value", request_and("X: \0\r\n"s), 400},
      {"a lone CR in a value", request_and("X: a\rY: b\r\n"), 400},
      {"a lone LF in a value", request_and("X: a\nY: b\r\n"), 400},
      {"a vertical tab", request_and("X: a\vb\r\n"), 400},
      {"DEL", request_and("X: a\x7f\r\n"), 400},
      {"LF at the end of each line",
       "GET /main HTTP/1.1\nHost: localhost\nConnection: Upgrade\nUpgrade: websocket\n\n", 400},
      {"bytes that are no ASCII, in a value of no meaning", request_and("X: \xc3\xa9\xff\r\n"),
       101},
      // RFC 9112, 5.2: a server refuses a folded line, or reads blanks in place of its ends.
      {"a folded value", request_with(upgrade, "Upgrade: h2c,\r\n websocket\r\n"), 101},
      {"a fold that makes two words of one", request_with(upgrade, "Upgrade: web\r\n socket\r\n"),
       400},
      {"a folded Host", request_with(host, "Host: local\r\n\thost\r\n"), 400},
      {"a fold in front of the first line", request_with(host, "\r\n Host: localhost\r\n"), 400},
      // Nobody waits for a body here. One answer, not two.
      {"an expectation", request_and("Expect: 100-continue\r\n"), 101},
      {"headers of h2c besides", request_and("HTTP2-Settings: AAMAAABk\r\n"), 101},
      {"lines beyond the header's size", request_and("X: " + std::string(9000, 'x') + "\r\n"), 400},
      {"a name of that size", request_and(std::string(9000, 'x')), 400},
      {"a token of 5,000 bytes",
       request_with("Authorization: Bearer let me in",
                    "Authorization: Bearer " + std::string(5000, 'x')),
       401},
      {"a token behind two blanks is another one",
       request_with("Authorization: Bearer ", "Authorization: Bearer  "), 401},
      {"a token behind a tab", request_with("Authorization: Bearer ", "Authorization: Bearer\t"),
       401},
      {"a scheme in lower case (RFC 9110, 11.1)",
       request_with("Authorization: Bearer ", "authorization: bearer "), 101},
      {"an extension that is none", request_and("Sec-WebSocket-Extensions: x; y=\"z\"\r\n"), 101},
  });
}

// RFC 9112, 3.2: 400 for no Host, several, or one that is none. RFC 9110, 15.5.20: 421 for another.
TEST_CASE("Host is a host") {
  const auto with_host = [](std::string_view value) {
    return request_with(host, "Host: " + std::string(value) + "\r\n");
  };
  check({
      {"with a port", with_host("localhost:8380"), 101},
      {"with a port that is empty (RFC 3986, 3.2.3)", with_host("localhost:"), 101},
      {"an address", with_host("[::1]:8380"), 101},
      {"in capitals", with_host("LOCALHOST"), 101},
      {"none", request_with(host, ""), 400},
      {"two in a line", with_host("localhost, localhost"), 400},
      {"with a user", with_host("localhost@evil.example"), 400},
      {"with a path", with_host("localhost/evil"), 400},
      {"with a scheme", with_host("http://localhost"), 400},
      {"a blank within", with_host("localhost evil"), 400},
      {"a port that is none", with_host("localhost:http"), 400},
      {"two ports", with_host("localhost:80:80"), 400},
      {"an address without an end", with_host("[::1"), 400},
      {"a name in brackets", with_host("[localhost]"), 400},
      {"bytes behind an address", with_host("[::1]evil"), 400},
      {"bytes that are no ASCII", with_host("localhost\xe3\x80\x82"), 400},
      {"an empty one, which is another name", with_host(""), 421},
      {"a dot at its end, which is another name", with_host("localhost."), 421},
      {"an escape, which is another name", with_host("%6cocalhost"), 421},
  });
}

TEST_CASE("an accepted request gets one answer, of the key that it has") {
  BridgeWorld world;
  const std::string head =
      head_of_answer(world.port(), request_and("Expect: 100-continue\r\nUpgrade: h2c\r\n"
                                               "Connection: keep-alive\r\n"));
  CHECK(head.starts_with("HTTP/1.1 101 "));
  // The example of RFC 6455, section 1.3.
  CHECK(head.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != head.npos);
  CHECK(head.find("\r\nUpgrade: websocket") != head.npos);
  CHECK(head.find("100 ") == head.npos);
}

TEST_CASE("where there are pages a request may have any of these forms, too") {
  PageOptions options;
  BridgeWorld world(*options);
  const auto status = [&](std::string_view bytes) {
    const std::string head = head_of_answer(world.port(), bytes);
    // A 1.0 client is answered as such.
    constexpr std::string_view begin = "HTTP/1.0 ";
    return head.starts_with(begin) ? static_cast<unsigned>(std::stoul(head.substr(begin.size(), 3)))
                                   : status_in(head);
  };
  CHECK(status("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n") == 200);
  // RFC 9110, 7.8: a server must ignore Upgrade in it.
  CHECK(status("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: Upgrade\r\n"
               "Upgrade: websocket\r\n\r\n") == 200);
  CHECK(status("GET http://localhost/index.html HTTP/1.1\r\nHost: localhost\r\n\r\n") == 200);
  CHECK(status("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(status("GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n") == 421);
  CHECK(status("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(status("GET /" + std::string(9000, 'x')) == 414);
  CHECK(status("GET / HTTP/1.1\r\nHost: local host\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: \"\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n") == 200);
}

}  // namespace
}  // namespace plimsoll::testing::opening_letter_test

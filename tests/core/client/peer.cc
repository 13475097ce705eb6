#include "plimsoll/tests/core/client/peer.h"

#include <optional>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing {
namespace {

// Reads "<sign><number>\r\n" at `at`, which moves; none where it has not come whole.
std::optional<std::size_t> read_header(std::string_view bytes, std::size_t& at, char sign) {
  const std::size_t end = bytes.find("\r\n", at);
  if (end == bytes.npos) return std::nullopt;
  const std::string line(bytes.substr(at, end - at));
  if (line.size() < 2 || line[0] != sign || line.find_first_not_of("0123456789", 1) != line.npos) {
    FAIL("the client sent '" << line << "' for a header that begins with " << sign);
  }
  at = end + 2;
  return std::stoul(line.substr(1));
}

std::optional<Words> read_request(std::string_view bytes, std::size_t& at) {
  const std::optional<std::size_t> count = read_header(bytes, at, '*');
  if (!count) return std::nullopt;
  Words words;
  while (words.size() < *count) {
    const std::optional<std::size_t> size = read_header(bytes, at, '$');
    if (!size || bytes.size() - at < *size + 2) return std::nullopt;
    words.emplace_back(bytes.substr(at, *size));
    at += *size;
    if (bytes.substr(at, 2) != "\r\n") FAIL("the client's argument does not end in CR LF");
    at += 2;
  }
  return words;
}

}  // namespace

const std::string hello_reply =
    "%7\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$7\r\nversion\r\n$5\r\n8.0.1\r\n$5\r\nproto\r\n:3\r\n"
    "$2\r\nid\r\n:4\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
    "$7\r\nmodules\r\n*0\r\n";

const std::string hello_reply_of_bridge =
    "%8" + hello_reply.substr(2) + "$14\r\ntracking-proof\r\n$4\r\nping\r\n";

const std::string hello_reply_of_remembering_bridge =
    "%9" + hello_reply_of_bridge.substr(2) + "$15\r\ntracking-resume\r\n:120\r\n";

const std::string handshake_replies = hello_reply + "+OK\r\n+OK\r\n+PONG\r\n";

std::string bulk_reply(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

Peer::Peer() : script_(default_reply) {}

std::string Peer::default_reply(const Words& request) {
  const std::string& name = request.at(0);
  if (name == "HELLO") return hello_reply;
  if (name == "CLIENT" || name == "SELECT" || name == "SET") return "+OK\r\n";
  if (name == "PING") return "+PONG\r\n";
  if (name == "ECHO") return bulk_reply(request.at(1));
  return "-ERR unknown command '" + name + "'\r\n";
}

void Peer::handle_bytes(std::string_view bytes) {
  input_ += bytes;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < input_.size(); begin = at) {
    std::optional<Words> request = read_request(input_, at);
    if (!request) break;
    output_ += script_(*request);
    requests_.push_back(std::move(*request));
  }
  input_.erase(0, begin);
}

void Peer::reset() {
  input_.clear();
  output_.clear();
}

}  // namespace plimsoll::testing

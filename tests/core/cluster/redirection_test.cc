#include "plimsoll/core/cluster/redirection.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::redirection_test {
namespace {

std::string read(std::string_view text) {
  const auto redirection = read_redirection(text);
  if (!redirection) return "nothing";
  const bool is_moved = redirection->kind == Redirection::Kind::moved;
  return std::string(is_moved ? "moved " : "ask ") + std::to_string(redirection->slot) + " to [" +
         std::string(redirection->host) + "] " + std::to_string(redirection->port);
}

TEST_CASE("a redirection says the slot and the server") {
  CHECK(read("MOVED 3999 127.0.0.1:6381") == "moved 3999 to [127.0.0.1] 6381");
  CHECK(read("ASK 3999 127.0.0.1:6381") == "ask 3999 to [127.0.0.1] 6381");
  CHECK(read("MOVED 0 node-1.example:1") == "moved 0 to [node-1.example] 1");
  CHECK(read("ASK 16383 h:65535") == "ask 16383 to [h] 65535");
}

TEST_CASE("the last colon of an IPv6 address is that of the port") {
  CHECK(read("MOVED 7 ::1:6379") == "moved 7 to [::1] 6379");
  CHECK(read("MOVED 7 fe80::1%eth0:6379") == "moved 7 to [fe80::1%eth0] 6379");
}

TEST_CASE("a host may be the one that was asked, or not known") {
  CHECK(read("MOVED 3999 :6381") == "moved 3999 to [] 6381");
  CHECK(read("ASK 3999 ?:6381") == "ask 3999 to [?] 6381");
}

TEST_CASE("the host is a part of the text") {
  constexpr std::string_view text = "MOVED 1 host:2";
  CHECK(read_redirection(text)->host.data() == text.data() + 8);
}

TEST_CASE("what is garbled is no redirection") {
  for (const std::string_view text : {"",
                                      "MOVED",
                                      "MOVED ",
                                      "MOVED 1",
                                      "MOVED 1 ",
                                      "MOVED 1 h",
                                      "MOVED 1 h:",
                                      "MOVED 1 :",
                                      "MOVED  h:1",
                                      "MOVED h:1",
                                      "MOVED  1 h:1",
                                      "MOVED 1  h:1",
                                      "MOVED 1 h:1 ",
                                      "MOVED 1 h:1 x",
                                      "MOVED 1 h:1\r\n",
                                      "MOVED 1 h x:1",
                                      "MOVED 1 h :1",
                                      "MOVED 16384 h:1",
                                      "MOVED 65536 h:1",
                                      "MOVED 99999999999999999999 h:1",
                                      "MOVED 000001 h:1",
                                      "MOVED -1 h:1",
                                      "MOVED +1 h:1",
                                      "MOVED 1x h:1",
                                      "MOVED 0x1 h:1",
                                      "MOVED 1 h:0",
                                      "MOVED 1 h:65536",
                                      "MOVED 1 h:99999",
                                      "MOVED 1 h:4294967297",
                                      "MOVED 1 h:-1",
                                      "MOVED 1 h:1x",
                                      "MOVED 1 h:x",
                                      "moved 1 h:1",
                                      "MOVEDX 1 h:1",
                                      " MOVED 1 h:1",
                                      "-MOVED 1 h:1",
                                      "ASKING 1 h:1",
                                      "ASK1 h:1",
                                      "ERR MOVED 1 h:1",
                                      "TRYAGAIN 1 h:1",
                                      "CLUSTERDOWN Hash slot not served"}) {
    INFO(text);
    CHECK(read(text) == "nothing");
  }
}

TEST_CASE("a redirection that is cut has no wrong slot") {
  constexpr std::string_view text = "MOVED 3999 127.0.0.1:6381";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto redirection = read_redirection(text.substr(0, size));
    CAPTURE(size);
    if (redirection) CHECK((redirection->slot == 3999 && redirection->host == "127.0.0.1"));
    CHECK(redirection.has_value() == (size > text.rfind(':') + 1));
  }
}

}  // namespace
}  // namespace plimsoll::redirection_test

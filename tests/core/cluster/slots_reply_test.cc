#include "plimsoll/core/cluster/slots_reply.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::slots_reply_test {
namespace {

const std::string id_a = "07c37dfeb235213a872192d90877d0cd55635b91";
const std::string id_b = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1";
constexpr std::string_view asked_host = "192.0.2.9";

std::string text(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}
std::string number(std::int64_t number) { return ":" + std::to_string(number) + "\r\n"; }
std::string list(std::initializer_list<std::string> elements) {
  std::string all = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& each : elements) all += each;
  return all;
}
std::string node(std::string_view host, int port, std::string_view id) {
  return list({text(host), number(port), text(id), list({})});
}

// "0-5 a:1=07c3 b:2; 6-9 ...": the first letters of the ids; "-" for an address that is none.
std::string show(const SlotsReply& reply) {
  std::string out;
  reply.for_each([&out](Slot first, Slot last, std::span<const SlotsNode> nodes) {
    out += (out.empty() ? "" : "; ") + std::to_string(first) + "-" + std::to_string(last);
    for (const SlotsNode& each : nodes) {
      const NodeAddress& address = each.address;
      out += " ";
      out += address.empty() ? "-"
                             : std::string(address.host()) + "/" + std::to_string(address.port());
      if (is_known(each.id)) out += "=" + std::string(each.id.data(), 4);
    }
  });
  CHECK(reply.empty() == out.empty());
  return out;
}

std::string read(const Value& value) {
  const auto reply = SlotsReply::read(value, asked_host);
  if (reply) return show(*reply);
  CHECK(reply.error().code == ErrorCode::protocol_error);
  return reply.error().what;
}

std::string read(std::string_view bytes, std::size_t piece_bytes = SIZE_MAX) {
  const testing::Parsed reply(bytes, piece_bytes);
  return read(reply.value());
}

// What valkey-server 8.0 answers with three nodes: RESP2 has an array where RESP3 has a map.
const std::string in_resp2 = list({list({number(0), number(5460), node("127.0.0.1", 7001, id_a)}),
                                   list({number(5461), number(16383), node("127.0.0.1", 7002, id_b),
                                         list({text("127.0.0.1"), number(7003), text(id_a),
                                               list({text("hostname"), text("c.example")})})})});
const std::string in_resp3 = list(
    {list({number(0), number(5460), list({text("127.0.0.1"), number(7001), text(id_a), "%0\r\n"})}),
     list({number(5461), number(16383),
           list({text("127.0.0.1"), number(7002), text(id_b), "%0\r\n"}),
           list({text("127.0.0.1"), number(7003), text(id_a),
                 "%1\r\n" + text("hostname") + text("c.example")})})});
constexpr std::string_view of_three =
    "0-5460 127.0.0.1/7001=07c3; 5461-16383 127.0.0.1/7002=67ed 127.0.0.1/7003=07c3";

TEST_CASE("ranges have a primary and replicas, in both protocols") {
  CHECK(read(in_resp2) == of_three);
  CHECK(read(in_resp3) == of_three);
}

TEST_CASE("a cluster may serve no slot, or one, or none between two") {
  CHECK(read("*0\r\n").empty());
  CHECK(read(list({list({number(7), number(7), node("a", 1, id_a)})})) == "7-7 a/1=07c3");
  CHECK(read(list({list({number(9), number(9), node("a", 1, id_a)}),
                   list({number(0), number(7), node("b", 1, id_b)})})) ==
        "9-9 a/1=07c3; 0-7 b/1=67ed");
}

TEST_CASE("a host that is not told is the one that was asked") {
  const auto of = [](const std::string& host) {
    return read(list({list({number(0), number(1), list({host, number(7), text(id_a)})})}));
  };
  CHECK(of(text("")) == "0-1 192.0.2.9/7=07c3");
  CHECK(of("$-1\r\n") == "0-1 192.0.2.9/7=07c3");
  CHECK(of("_\r\n") == "0-1 192.0.2.9/7=07c3");
  CHECK(of("+a.example\r\n") == "0-1 a.example/7=07c3");
  CHECK(of(text("::1")) == "0-1 ::1/7=07c3");
}

TEST_CASE("what cannot be connected to keeps its place") {
  const auto of = [](const std::string& host, int port) {
    return read(list({list({number(0), number(1), list({text(host), number(port), text(id_a)}),
                            node("b", 2, id_b)})}));
  };
  CHECK(of("?", 7) == "0-1 -=07c3 b/2=67ed");
  CHECK(of("a b", 7) == "0-1 -=07c3 b/2=67ed");
  CHECK(of("a", 0) == "0-1 -=07c3 b/2=67ed");
  CHECK(of(std::string(253, 'h'), 7) == "0-1 " + std::string(253, 'h') + "/7=07c3 b/2=67ed");
  CHECK(of(std::string(254, 'h'), 7) == "0-1 -=07c3 b/2=67ed");
  CHECK(of(std::string(100'000, 'h'), 7) == "0-1 -=07c3 b/2=67ed");
}

TEST_CASE("an asked host that is not known stands for no address") {
  const testing::Parsed reply(
      list({list({number(0), number(1), list({"$-1\r\n", number(7), text(id_a)})})}));
  CHECK(show(*SlotsReply::read(reply.value(), "")) == "0-1 -=07c3");
}

TEST_CASE("an old server tells no ids, and what is no id is not known") {
  const auto of = [](const std::string& last) {
    return read(list({list({number(0), number(1), last})}));
  };
  CHECK(of(list({text("a"), number(7)})) == "0-1 a/7");
  CHECK(of(list({text("a"), number(7), text("")})) == "0-1 a/7");
  CHECK(of(list({text("a"), number(7), text("not an id")})) == "0-1 a/7");
  CHECK(of(list({text("a"), number(7), "$-1\r\n"})) == "0-1 a/7");
  CHECK(of(list({text("a"), number(7), text(id_a)})) == "0-1 a/7=07c3");
  CHECK(of(list({text("a"), number(7), text(id_a), list({}), number(5)})) == "0-1 a/7=07c3");
}

TEST_CASE("replicas beyond replicas_reported_max are left out, and the ranges behind are not") {
  std::string first = "*12\r\n" + number(0) + number(1);
  for (int i = 0; i < 10; ++i) first += node("h" + std::to_string(i), 1, id_a);
  std::string expected = "0-1";
  for (int i = 0; i < 9; ++i) expected += " h" + std::to_string(i) + "/1=07c3";
  CHECK(read(list({first, list({number(2), number(3), node("b", 2, id_b)})})) ==
        expected + "; 2-3 b/2=67ed");
  // A replica that is left out must be one, all the same.
  first = "*13" + first.substr(3) + number(1);
  CHECK(read(list({first})) == "a node in the reply to CLUSTER SLOTS is not an array");
}

TEST_CASE("a reply in pieces is read as a whole, wherever it is cut") {
  for (const std::string& bytes : {in_resp2, in_resp3}) {
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
      CAPTURE(size);
      REQUIRE(read(bytes, size) == of_three);
    }
  }
}

// A streamed string of two chunks, which are two pieces.
std::string cut(std::string_view bytes, std::size_t at) {
  const auto chunk = [](std::string_view part) {
    return ";" + std::to_string(part.size()) + "\r\n" + std::string(part) + "\r\n";
  };
  return "$?\r\n" + chunk(bytes.substr(0, at)) + chunk(bytes.substr(at)) + ";0\r\n";
}

TEST_CASE("hosts and ids that lie in pieces are read as a whole") {
  constexpr std::string_view host = "node.example";
  for (std::size_t at = 1; at < host.size(); ++at) {
    for (std::size_t id_at = 1; id_at < id_a.size(); id_at += 13) {
      CHECK(read(list({list(
                {number(0), number(1), list({cut(host, at), number(7), cut(id_a, id_at)})})})) ==
            "0-1 node.example/7=07c3");
    }
  }
}

TEST_CASE("attributes between the values are passed over") {
  const std::string attribute = "|1\r\n+ttl\r\n:5\r\n";
  CHECK(read(attribute +
             list({attribute + list({attribute + number(0), attribute + number(1),
                                     attribute + list({attribute + text("a"), attribute + number(7),
                                                       attribute + text(id_a)})})})) ==
        "0-1 a/7=07c3");
}

TEST_CASE("each slot in a range of its own is read") {
  std::string bytes = "*16384\r\n";
  std::string expected;
  for (int slot = 0; slot < 16384; ++slot) {
    bytes += list({number(slot), number(slot), node("127.0.0.1", 7000 + slot % 7, id_a)});
    expected += (slot == 0 ? "" : "; ") + std::to_string(slot) + "-" + std::to_string(slot) +
                " 127.0.0.1/" + std::to_string(7000 + slot % 7) + "=07c3";
  }
  CHECK(read(bytes) == expected);
  const std::string more = "*16385" + bytes.substr(6) +
                           list({number(16383), number(16383), node("127.0.0.1", 7000, id_a)});
  CHECK(read(more) == "a slot is twice in the reply to CLUSTER SLOTS");
}

TEST_CASE("a slot is served once") {
  const auto of = [](int first, int last, int other_first, int other_last) {
    return read(list({list({number(first), number(last), node("a", 1, id_a)}),
                      list({number(other_first), number(other_last), node("b", 1, id_b)})}));
  };
  constexpr std::string_view twice = "a slot is twice in the reply to CLUSTER SLOTS";
  CHECK(of(0, 9, 9, 20) == twice);
  CHECK(of(0, 9, 0, 9) == twice);
  CHECK(of(5, 9, 0, 5) == twice);
  CHECK(of(0, 16383, 7, 7) == twice);
  CHECK(of(0, 9, 10, 20) == "0-9 a/1=07c3; 10-20 b/1=67ed");
}

TEST_CASE("the error names the slot that is there twice") {
  const testing::Parsed reply(list({list({number(0), number(9), node("a", 1, id_a)}),
                                    list({number(8), number(20), node("b", 1, id_b)})}));
  const auto read = SlotsReply::read(reply.value(), asked_host);
  REQUIRE_FALSE(read);
  CHECK(read.error().value == 8);
}

TEST_CASE("what is no such reply is refused") {
  constexpr std::string_view no_reply = "the reply to CLUSTER SLOTS is not an array";
  for (const std::string& bytes :
       {std::string("_\r\n"), std::string("*-1\r\n"), text("x"), number(1), std::string("%0\r\n"),
        std::string("~0\r\n"),
        std::string("-ERR This instance has cluster support disabled\r\n")}) {
    INFO(bytes);
    CHECK(read(bytes) == no_reply);
  }
  constexpr std::string_view no_range = "a range in the reply to CLUSTER SLOTS is not an array";
  for (const std::string& bytes :
       {number(1), text("x"), std::string("_\r\n"), std::string("*0\r\n"),
        list({number(0), number(1)}), list({number(0)})}) {
    INFO(bytes);
    CHECK(read(list({bytes})) == no_range);
  }
  const std::string good = node("a", 1, id_a);
  constexpr std::string_view no_slot = "a slot in the reply to CLUSTER SLOTS is not a slot";
  for (const std::string& bytes : {number(-1), number(16384), number(INT64_MAX), number(INT64_MIN),
                                   text("5"), std::string("_\r\n"), good}) {
    INFO(bytes);
    CHECK(read(list({list({bytes, number(16383), good})})) == no_slot);
    CHECK(read(list({list({number(0), bytes, good})})) == no_slot);
  }
  CHECK(read(list({list({number(5), number(4), good})})) ==
        "a range in the reply to CLUSTER SLOTS ends before it begins");
  constexpr std::string_view no_node = "a node in the reply to CLUSTER SLOTS is not an array";
  for (const std::string& bytes :
       {number(1), text("x"), std::string("_\r\n"), std::string("*0\r\n"), list({text("a")}),
        std::string("%1\r\n") + text("a") + number(1)}) {
    INFO(bytes);
    CHECK(read(list({list({number(0), number(1), bytes})})) == no_node);
    CHECK(read(list({list({number(0), number(1), good, bytes})})) == no_node);
  }
  for (const std::string& bytes : {number(1), list({}), std::string("#t\r\n")}) {
    INFO(bytes);
    CHECK(read(list({list({number(0), number(1), list({bytes, number(1), text(id_a)})})})) ==
          "a host in the reply to CLUSTER SLOTS is not a string");
    CHECK(read(list({list({number(0), number(1), list({text("a"), number(1), bytes})})})) ==
          "an id in the reply to CLUSTER SLOTS is not a string");
  }
  for (const std::string& bytes : {number(-1), number(65536), text("1"), std::string("_\r\n")}) {
    INFO(bytes);
    CHECK(read(list({list({number(0), number(1), list({text("a"), bytes, text(id_a)})})})) ==
          "a port in the reply to CLUSTER SLOTS is not a port");
  }
}

}  // namespace
}  // namespace plimsoll::slots_reply_test

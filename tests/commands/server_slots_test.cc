#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cluster/redirection.h"
#include "plimsoll/core/cluster/routing.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slots_reply.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/tests/commands/play_example.h"
#include "plimsoll/tests/commands/raw_connection.h"
#include "plimsoll/tests/commands/scene.h"
#include "plimsoll/tests/support/valkey_server.h"

// What a real server says of keys, slots and nodes, beside what the core makes of them.

namespace plimsoll::testing::server_slots_test {
namespace {

using Words = std::vector<std::string>;

ValkeyServerOptions node() {
  return {.arguments = {"--cluster-enabled", "yes"}, .program = server_program()};
}

std::string text_of(const Value& value) {
  const auto bytes = value.is_error() ? value.as_error() : value.as_bytes();
  std::string text(bytes->size(), '\0');
  bytes->copy_to(text.data());
  return text;
}

std::string show(const Route& route) {
  switch (route.kind) {
    case Route::Kind::no_key: return "no key";
    case Route::Kind::one_slot: return "slot " + std::to_string(route.slot);
    case Route::Kind::several_slots: return "several slots";
    case Route::Kind::unclear: return "unclear";
  }
  return "?";
}

// Where the keys are that the server finds among the words of a command.
std::string route_by_server(RawConnection& server, const Words& words) {
  Words question{"COMMAND", "GETKEYS"};
  question.insert(question.end(), words.begin(), words.end());
  const Value answer = server.call(question);
  if (answer.is_error()) {
    const bool has_none = text_of(answer).find("no key arguments") != std::string::npos;
    return has_none ? "no key" : text_of(answer);
  }
  std::vector<Slot> slots;
  for (const Value& key : *answer.as_elements()) slots.push_back(slot_of_key(text_of(key)));
  if (slots.empty()) return "no key";
  const bool is_one = std::count(slots.begin(), slots.end(), slots[0]) == std::ssize(slots);
  return is_one ? "slot " + std::to_string(slots[0]) : "several slots";
}

// The server finds what SORT stores to, too, and takes channels for no keys.
bool is_found_otherwise(const commands::Row& row) {
  namespace numbers = commands::row_numbers;
  const std::uint16_t number = number_of(row);
  return number == numbers::sort || number == numbers::spublish || number == numbers::ssubscribe ||
         number == numbers::sunsubscribe;
}

TEST_CASE("a key's slot is the one that a server tells") {
  const ValkeyServer server(node());
  RawConnection connection(server.socket_path());
  std::mt19937 random(26);
  for (int i = 0; i < 500; ++i) {
    std::string key(random() % 40, '\0');
    // Many braces, so that all forms of hash tags are among the keys.
    for (char& c : key) c = random() % 4 == 0 ? "{}{}"[random() % 4] : static_cast<char>(random());
    CAPTURE(i, key);
    REQUIRE(*connection.call(Words{"CLUSTER", "KEYSLOT", key}).as_integer() == slot_of_key(key));
  }
}

TEST_CASE("the examples' calls go where the keys are that the server finds") {
  const ValkeyServer server({.program = server_program()});
  RawConnection connection(server.socket_path());
  int compared = 0;
  for (const Example& example : all_examples()) {
    const commands::Row* const row = commands::find(example.call);
    const auto found = row == nullptr ? Result<commands::KeyRanges>(Error{})
                                      : commands::key_ranges(*row, example.call);
    if (!found || is_found_otherwise(*row)) continue;
    const Words words(example.call.begin(), example.call.end());
    const std::string by_server = route_by_server(connection, words);
    // A server does not look for keys where the number of words is wrong.
    if (!by_server.starts_with("no") && !by_server.starts_with("s")) continue;
    std::string call;
    for (const std::string& word : words) call += word + " ";
    INFO(call);
    CommandView command;
    command.args = example.call;
    CHECK(show(route_of(command)) == by_server);
    command.row = number_of(*row);
    CHECK(show(route_of(command)) == by_server);
    compared += by_server.starts_with("s") ? 1 : 0;
  }
  CHECK(compared > 250);
}

TEST_CASE("a node's own reply to CLUSTER SLOTS is read, and its redirection") {
  const ValkeyServer server(node());
  RawConnection connection(server.socket_path());
  constexpr std::string_view asked_host = "192.0.2.9";
  const auto show_slots = [&] {
    const auto reply = SlotsReply::read(connection.call(Words{"CLUSTER", "SLOTS"}), asked_host);
    if (!reply) return std::string(reply.error().what);
    std::string out;
    reply->for_each([&out](Slot first, Slot last, std::span<const SlotsNode> nodes) {
      out += std::to_string(first) + "-" + std::to_string(last) + " ";
      for (const SlotsNode& each : nodes) {
        out += std::string(each.address.host()) + " " +
               std::string(each.id.begin(), each.id.end()) + " ";
      }
    });
    return out;
  };
  CHECK(show_slots().empty());
  const std::string id = text_of(connection.call(Words{"CLUSTER", "MYID"}));
  CHECK(read_node_id(id).has_value());
  connection.call(Words{"CLUSTER", "ADDSLOTS", "0", "1", "7"});
  // Nobody has told the node an address of its own, and this server listens on no port.
  CHECK(show_slots() == "0-1  " + id + " 7-7  " + id + " ");
  const std::string refusal = text_of(connection.call(Words{"GET", "foo"}));
  INFO(refusal);
  CHECK_FALSE(read_redirection(refusal));
}

}  // namespace
}  // namespace plimsoll::testing::server_slots_test

#include "plimsoll/core/cluster/slots_reply.h"

#include <algorithm>
#include <bitset>

namespace plimsoll::inline v0 {
namespace {

constexpr std::size_t before_nodes = 2;  // the first and the last slot of a range

Error garbled(const char* what, const char* expected) {
  return {.code = ErrorCode::protocol_error,
          .executed = Executed::yes,
          .what = what,
          .expected = expected};
}

bool is_string(const Value& value) {
  return value.type() == Type::bulk_string || value.type() == Type::simple_string;
}

bool is_string_or_null(const Value& value) { return value.is_null() || is_string(value); }

bool is_number_up_to(const Value& value, std::int64_t limit) {
  const auto number = value.as_integer();
  return number && *number >= 0 && *number <= limit;
}

// Copies a string that may lie in pieces into `room`. What does not fit is cut down to nothing.
std::string_view text_of(const Value& value, std::span<char> room) {
  if (!is_string(value)) return {};
  const BytesView bytes = *value.as_bytes();
  if (bytes.size() > room.size()) return {};
  bytes.copy_to(room.data());
  return {room.data(), bytes.size()};
}

// [host, port, id, metadata...]. Whatever comes behind the id is for newer clients.
Status check_node(const Value& value) {
  if (value.type() != Type::array || value.as_elements()->size() < 2) {
    return garbled("a node in the reply to CLUSTER SLOTS is not an array", "its host and port");
  }
  std::size_t at = 0;
  for (const Value& each : *value.as_elements()) {
    if (at == 0 && !is_string_or_null(each)) {
      return garbled("a host in the reply to CLUSTER SLOTS is not a string", "a string or null");
    }
    if (at == 1 && !is_number_up_to(each, UINT16_MAX)) {
      return garbled("a port in the reply to CLUSTER SLOTS is not a port", "an integer to 65535");
    }
    if (at == 2 && !is_string_or_null(each)) {
      return garbled("an id in the reply to CLUSTER SLOTS is not a string", "a string");
    }
    if (++at == 3) break;
  }
  return {};
}

Status check_range(const Value& value, std::bitset<slots_count>& known) {
  if (value.type() != Type::array || value.as_elements()->size() <= before_nodes) {
    return garbled("a range in the reply to CLUSTER SLOTS is not an array",
                   "its first slot, its last slot and its primary");
  }
  const Elements elements = *value.as_elements();
  std::array<std::size_t, before_nodes> bounds{};
  std::size_t at = 0;
  for (const Value& each : elements) {
    if (at >= before_nodes) {
      if (const Status node = check_node(each); !node) return node;
      continue;
    }
    if (!is_number_up_to(each, slots_count - 1)) {
      return garbled("a slot in the reply to CLUSTER SLOTS is not a slot", "an integer to 16383");
    }
    bounds[at++] = static_cast<std::size_t>(*each.as_integer());
  }
  if (bounds[0] > bounds[1]) {
    return garbled("a range in the reply to CLUSTER SLOTS ends before it begins",
                   "its first slot first");
  }
  for (std::size_t slot = bounds[0]; slot <= bounds[1]; ++slot) {
    if (known.test(slot)) {
      Error twice = garbled("a slot is twice in the reply to CLUSTER SLOTS", "one primary for it");
      twice.value = slot;
      return twice;
    }
    known.set(slot);
  }
  return {};
}

}  // namespace

Result<SlotsReply> SlotsReply::read(const Value& reply, std::string_view asked_host) {
  if (reply.type() != Type::array) {
    return garbled("the reply to CLUSTER SLOTS is not an array", "an array of ranges");
  }
  std::bitset<slots_count> known;
  for (const Value& each : *reply.as_elements()) {
    if (const Status range = check_range(each, known); !range) return range.error();
  }
  return SlotsReply(reply, asked_host);
}

void SlotsReply::read_again(const Value& value, Range& range) const {
  range.count = 0;
  std::size_t at = 0;
  for (const Value& each : *value.as_elements()) {
    if (at >= before_nodes) {
      range.nodes[range.count++] = node_of(each);
      if (range.count == range.nodes.size()) return;
    } else {
      (at == 0 ? range.first : range.last) = static_cast<Slot>(*each.as_integer());
    }
    ++at;
  }
}

SlotsNode SlotsReply::node_of(const Value& value) const {
  std::array<char, NodeAddress::host_bytes_max> room;
  SlotsNode node;
  const Elements elements = *value.as_elements();
  Elements::Iterator each = elements.begin();
  const Value host = *each;
  const auto port = static_cast<std::uint16_t>(*(*++each).as_integer());
  const bool is_asked = host.is_null() || host.as_bytes()->empty();
  const auto address = NodeAddress::read(is_asked ? asked_host_ : text_of(host, room), port);
  if (address) node.address = *address;
  if (elements.size() > 2) {
    if (const auto id = read_node_id(text_of(*++each, room))) node.id = *id;
  }
  return node;
}

}  // namespace plimsoll::inline v0

#include "plimsoll/tests/sim/client/reply_hash.h"

#include <array>
#include <charconv>

#include "plimsoll/tests/sim/trace.h"

namespace plimsoll::sim {
namespace {

void write_line(char sign, std::int64_t number, std::string& wire) {
  wire += sign;
  std::array<char, 20> digits;
  wire.append(digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  wire += "\r\n";
}

void write_bytes(const Node& node, std::string& wire) {
  BytesView(&node).for_each_piece([&wire](std::string_view piece) { wire += piece; });
  wire += "\r\n";
}

void write_string(char sign, const Node& node, std::string& wire) {
  write_line(sign, node.size, wire);
  write_bytes(node, wire);
}

void write(const Value& value, std::string& wire);

void write_elements(char sign, std::uint32_t count, const Value& value, std::string& wire) {
  write_line(sign, count, wire);
  const auto elements = value.as_elements();
  if (!elements) return;
  for (const Value& element : *elements) write(element, wire);
}

void write(const Value& value, std::string& wire) {
  const Node& node = *value.node();
  switch (node.type) {
    case Type::null: wire += "_\r\n"; return;
    case Type::boolean: wire += node.integer != 0 ? "#t\r\n" : "#f\r\n"; return;
    case Type::integer: write_line(':', node.integer, wire); return;
    case Type::real:
      wire += ',';
      write_bytes(node, wire);
      return;
    case Type::big_number:
      wire += '(';
      write_bytes(node, wire);
      return;
    case Type::simple_string:
      wire += '+';
      write_bytes(node, wire);
      return;
    case Type::simple_error:
      wire += '-';
      write_bytes(node, wire);
      return;
    case Type::bulk_string: write_string('$', node, wire); return;
    case Type::bulk_error: write_string('!', node, wire); return;
    case Type::verbatim: write_string('=', node, wire); return;
    case Type::array: write_elements('*', node.size, value, wire); return;
    case Type::set: write_elements('~', node.size, value, wire); return;
    case Type::push: write_elements('>', node.size, value, wire); return;
    case Type::map: write_elements('%', node.size, value, wire); return;
    case Type::attribute:
    case Type::piece:
    case Type::link: return;  // no values
  }
}

}  // namespace

std::uint64_t hash_of_wire(std::string_view reply) {
  StreamHash hash;
  hash.add(reply);
  return hash.value();
}

std::uint64_t hash_of(const Value& reply, std::string& scratch) {
  scratch.clear();
  write(reply, scratch);
  return hash_of_wire(scratch);
}

}  // namespace plimsoll::sim

#include "plimsoll/core/resp/wire_value.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/conformance/document.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/parsed.h"
#include "plimsoll/tests/core/resp/random_reply.h"
#include "plimsoll/tests/core/resp/reading.h"

namespace plimsoll::wire_value_test {
namespace {

using namespace testing;

std::string written(const Value& value) {
  constexpr std::size_t surplus = 8;  // so that a size that is wrong shows
  const std::size_t size = wire_size(value);
  std::string out(size + surplus, '#');
  const char* const end = write_wire(value, out.data());
  if (end != out.data() + size || out.substr(size) != std::string(surplus, '#')) {
    return "(the size differs)";
  }
  out.resize(size);
  return out;
}

Model without_attributes(Model model) {
  model.attributes.clear();
  for (Model& element : model.elements) element = without_attributes(std::move(element));
  return model;
}

// RESP3 as a server sends it, written apart from the core.
std::string canonical(const Model& model) {
  const auto counted = [&model](const char* sign) {
    return sign + std::to_string(model.text.size()) + "\r\n" + model.text + "\r\n";
  };
  const auto elements = [&model](const char* sign, std::size_t divisor) {
    std::string out = sign + std::to_string(model.elements.size() / divisor) + "\r\n";
    for (const Model& element : model.elements) out += canonical(element);
    return out;
  };
  switch (model.type) {
    case Type::null: return "_\r\n";
    case Type::boolean: return model.integer != 0 ? "#t\r\n" : "#f\r\n";
    case Type::integer: return ":" + std::to_string(model.integer) + "\r\n";
    case Type::real: return "," + model.text + "\r\n";
    case Type::big_number: return "(" + model.text + "\r\n";
    case Type::simple_string: return "+" + model.text + "\r\n";
    case Type::simple_error: return "-" + model.text + "\r\n";
    case Type::bulk_error: return counted("!");
    case Type::verbatim: return counted("=");
    case Type::bulk_string: return counted("$");
    case Type::array: return elements("*", 1);
    case Type::set: return elements("~", 1);
    case Type::map: return elements("%", 2);
    case Type::push: return elements(">", 1);
    case Type::attribute:
    case Type::piece:
    case Type::link: break;
  }
  return "(no value)";
}

// What is written of `bytes`, read in pieces of all sizes up to a few, and across read buffers.
void check_written(const std::string& bytes, const std::string& expected) {
  for (std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
    INFO("in pieces of " << piece);
    const Parsed parsed(bytes, piece);
    CHECK(written(parsed.value()) == expected);
  }
}

// What a WireReader makes of `wire` is `model`, and is written the same again.
void check_read(const std::string& wire, const Model& model) {
  ReplyMemory memory;
  WireReader reader(*memory.account);
  const auto value = reader.read(wire);
  REQUIRE(value);
  CHECK(show(model_of(*value)) == show(model));
  CHECK(written(*value) == canonical(without_attributes(model)));
}

bool may_be_spelled_otherwise(std::string_view bytes) {
  for (std::string_view reason : {"$-1", "*-1", "?\r\n", "|", ":+", ":-0"}) {
    if (bytes.find(reason) != bytes.npos) return true;
  }
  // Zeros before a length or a number.
  for (std::size_t i = 0; i + 2 < bytes.size(); ++i) {
    if (std::string_view("$*:%~>=!-").find(bytes[i]) == std::string_view::npos) continue;
    if (bytes[i + 1] == '0' && bytes[i + 2] >= '0' && bytes[i + 2] <= '9') return true;
  }
  return false;
}

TEST_CASE("each value of the conformance documents is written as a server sends it") {
  std::size_t frames = 0;
  std::size_t same = 0;
  for (std::string_view document :
       {"resp2.md", "resp3.md", "streamed.md", "attributes.md", "pushes.md", "limits.md"}) {
    for (const ConformanceCase& row : read_document(document)) {
      if (!row.error.empty() || !row.skipped.empty()) continue;
      INFO(row.name);
      std::string all;
      for (const Model& frame : row.frames) {
        const Model bare = without_attributes(frame);
        const std::string expected = canonical(bare);
        all += expected;
        check_read(expected, bare);
        ++frames;
      }
      if (row.frames.size() == 1) {
        check_written(row.bytes, all);
        check_read(row.bytes, row.frames[0]);
      }
      if (may_be_spelled_otherwise(row.bytes)) continue;
      CHECK(all == row.bytes);
      ++same;
    }
  }
  CHECK(frames > 150);
  CHECK(same > 100);
}

TEST_CASE("random replies survive being written and read, however they came") {
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Model model = random_reply(random, 1 + below(random, 60), 8);
    if (depth_of(model) > nesting_depth_max) continue;
    const std::string wire = wire_of(model, random);
    const Model bare = without_attributes(model);
    check_written(wire, canonical(bare));
    check_read(canonical(bare), bare);
    check_read(wire, model);
  }
}

TEST_CASE("strings and rows of nodes that cross read buffers are written whole") {
  const std::string large(200'000, 'v');
  const std::string bulk_wire = canonical(bulk(large));
  check_written(bulk_wire, bulk_wire);
  std::vector<Model> elements;
  for (int i = 0; i < 10'000; ++i) {
    elements.push_back(i % 3 == 0 ? array({bulk("a"), array({})}) : bulk(std::to_string(i)));
  }
  const Model many = array(std::move(elements));
  check_written(canonical(many), canonical(many));
  check_read(canonical(many), many);
}

TEST_CASE("values are nested as deeply as the parser takes them") {
  Model deep = integer(1);
  for (std::size_t i = 0; i < nesting_depth_max; ++i) deep = array({std::move(deep)});
  check_written(canonical(deep), canonical(deep));
  check_read(canonical(deep), deep);
}

TEST_CASE("empty aggregates at the end of others are written") {
  for (const char* wire : {"*0\r\n", "%0\r\n", "~0\r\n", "*2\r\n:1\r\n*1\r\n*0\r\n",
                           "%1\r\n*0\r\n~0\r\n", "*3\r\n*0\r\n%0\r\n_\r\n"}) {
    check_written(wire, wire);
  }
}

TEST_CASE("the attributes of a value, of elements and of attributes are left out") {
  check_written("|1\r\n+ttl\r\n:5\r\n$3\r\nfoo\r\n", "$3\r\nfoo\r\n");
  check_written("*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n:1\r\n|1\r\n+b\r\n|0\r\n:2\r\n:2\r\n",
                "*2\r\n:1\r\n:2\r\n");
}

TEST_CASE("a reply that is no aggregate is read without memory") {
  for (const char* wire : {"$3\r\nfoo\r\n", "$0\r\n\r\n", "+OK\r\n", "-ERR no\r\n", ":42\r\n",
                           ":-9223372036854775808\r\n", ":+7\r\n", "_\r\n", "#t\r\n", "#f\r\n",
                           ",1.5\r\n", "(123\r\n", "=7\r\ntxt:foo\r\n", "!3\r\nERR\r\n", "+\r\n"}) {
    INFO(wire);
    ReplyMemory memory;
    const std::size_t requests = memory.memory.requests_count();
    WireReader reader(*memory.account);
    const Parsed expected(wire);
    const auto value = reader.read(wire);
    REQUIRE(value);
    CHECK(show(*value) == show(expected.value()));
    CHECK(memory.memory.requests_count() == requests);
  }
}

TEST_CASE("a small aggregate is read without memory, a large one pays for its nodes") {
  ReplyMemory memory;
  const std::size_t requests = memory.memory.requests_count();
  {
    WireReader reader(*memory.account);
    REQUIRE(reader.read("*2\r\n:1\r\n:2\r\n"));
    CHECK(memory.memory.requests_count() == requests);
    const std::string large = canonical(array(std::vector<Model>(1000, integer(1))));
    const auto value = reader.read(large);
    REQUIRE(value);
    CHECK(value->as_elements()->size() == 1000);
    CHECK(memory.bytes_in_use() >= 1000 * sizeof(Node));
    REQUIRE(reader.read("*1\r\n:1\r\n"));
    CHECK(memory.bytes_in_use() == 0);
  }
  CHECK(memory.bytes_in_use() == 0);
}

TEST_CASE("without memory a large aggregate is refused, and what comes after it is read") {
  ReplyMemory memory;
  WireReader reader(*memory.account);
  const std::string large = canonical(array(std::vector<Model>(1000, integer(1))));
  memory.memory.refuse_one_after(0);
  const auto refused = reader.read(large);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::reply_too_large);
  const auto again = reader.read(large);
  REQUIRE(again);
  CHECK(again->as_elements()->size() == 1000);
}

}  // namespace
}  // namespace plimsoll::wire_value_test

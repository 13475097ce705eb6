#include "plimsoll/native/bridge/shared/reply_encoder.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/resp/parser.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/parsed.h"
#include "plimsoll/tests/core/resp/random_reply.h"
#include "plimsoll/tests/native/bridge/shared/encoded.h"

namespace plimsoll::testing::reply_encoder_test {
namespace {

using bridge::ReplyEncoder;

constexpr bool resp2 = false;
constexpr bool resp3 = true;

// Reads `sent` in pieces of some sizes, and writes it into rooms of some sizes.
void check_encoded(const std::string& sent, const std::string& expected, bool is_resp3) {
  for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
    INFO("read in pieces of " << piece);
    const Parsed parsed(sent, piece);
    for (const std::size_t space :
         {SIZE_MAX, std::size_t{1}, std::size_t{2}, std::size_t{61}, std::size_t{16'384}}) {
      const bool is_same = encoded(parsed.value(), is_resp3, space) == expected;
      INFO("written into " << space);
      CHECK(is_same);
    }
  }
}

void check_same(const std::string& sent, bool is_resp3) { check_encoded(sent, sent, is_resp3); }

// What a server sends, written apart from the core. RESP2 has two nulls, which are drawn.
std::string canonical(const Model& model, bool is_resp3, Random& random) {
  const auto counted = [&](const char* sign) {
    return sign + std::to_string(model.text.size()) + "\r\n" + model.text + "\r\n";
  };
  const auto elements = [&](const char* sign, std::size_t divisor) {
    std::string out = sign + std::to_string(model.elements.size() / divisor) + "\r\n";
    for (const Model& each : model.elements) out += canonical(each, is_resp3, random);
    return out;
  };
  switch (model.type) {
    case Type::null:
      if (is_resp3) return "_\r\n";
      return below(random, 2) == 0 ? "$-1\r\n" : "*-1\r\n";
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

TEST_CASE("a value of each type is written as a server has sent it") {
  for (const char* const wire : {"+OK\r\n",
                                 "+\r\n",
                                 "-ERR no\r\n",
                                 ":0\r\n",
                                 ":42\r\n",
                                 ":-9223372036854775808\r\n",
                                 ":9223372036854775807\r\n",
                                 "$3\r\nfoo\r\n",
                                 "$0\r\n\r\n",
                                 "$4\r\n\r\n\r\n\r\n",
                                 "$11\r\n01234567890\r\n",
                                 "*0\r\n",
                                 "*2\r\n:1\r\n$1\r\na\r\n",
                                 "*1\r\n*1\r\n*0\r\n",
                                 "_\r\n",
                                 "#t\r\n",
                                 "#f\r\n",
                                 ",1.50\r\n",
                                 ",-inf\r\n",
                                 ",nan\r\n",
                                 "(-3492890328409238509324850943850943825024385\r\n",
                                 "=7\r\ntxt:foo\r\n",
                                 "=4\r\ntxt:\r\n",
                                 "!8\r\nERR a\r\nb\r\n",
                                 "~2\r\n+a\r\n+b\r\n",
                                 "~0\r\n",
                                 "%1\r\n+key\r\n:1\r\n",
                                 "%0\r\n",
                                 "%2\r\n+a\r\n%1\r\n:1\r\n*0\r\n+b\r\n_\r\n",
                                 ">2\r\n+message\r\n$1\r\nx\r\n",
                                 "*3\r\n*0\r\n%0\r\n_\r\n"}) {
    INFO(wire);
    check_same(wire, resp3);
  }
}

TEST_CASE("a null is RESP3's, or that one of RESP2's that the server has sent") {
  check_same("_\r\n", resp3);
  check_same("$-1\r\n", resp2);
  check_same("*-1\r\n", resp2);
  check_same("*4\r\n*-1\r\n$-1\r\n*1\r\n*-1\r\n$-1\r\n", resp2);
  check_encoded("*2\r\n*-1\r\n$-1\r\n", "*2\r\n_\r\n_\r\n", resp3);
  check_encoded("*2\r\n_\r\n:1\r\n", "*2\r\n$-1\r\n:1\r\n", resp2);
}

TEST_CASE("only a null depends on the version of RESP") {
  const std::string wire = "*3\r\n%1\r\n#t\r\n,1\r\n~1\r\n(1\r\n=5\r\ntxt:a\r\n";
  check_same(wire, resp2);
  check_same(wire, resp3);
}

TEST_CASE("a null array stays one in a reply that is kept, small or large") {
  for (const std::size_t count : {1, 100'000}) {
    std::string wire = "*" + std::to_string(count) + "\r\n";
    for (std::size_t i = 0; i < count; ++i) wire += i % 2 == 0 ? "*-1\r\n" : "$-1\r\n";
    Parsed parsed(wire);
    const auto kept = parsed.reader().keep();
    REQUIRE(kept);
    const bool is_same = encoded(kept->value(), resp2) == wire;
    CHECK(is_same);
  }
}

TEST_CASE("the rooms may have any size") {
  const std::string wire =
      "*6\r\n$12\r\nhello\r\nworld\r\n:-1234567\r\n%1\r\n+k\r\n!3\r\nERR\r\n_\r\n#t\r\n$0\r\n\r\n";
  const Parsed parsed(wire);
  for (std::size_t space = 1; space <= wire.size(); ++space) {
    INFO("written into " << space);
    CHECK(encoded(parsed.value(), resp3, space) == wire);
  }
  for (std::size_t first = 0; first <= wire.size(); ++first) {
    INFO("cut at " << first);
    std::string out(wire.size(), '#');
    ReplyEncoder encoder(parsed.value(), resp3);
    CHECK(encoder.take({out.data(), first}) == first);
    CHECK(encoder.left() == wire.size() - first);
    CHECK(encoder.take({out.data() + first, wire.size() - first}) == wire.size() - first);
    CHECK(encoder.left() == 0);
    CHECK(out == wire);
  }
}

TEST_CASE("an empty room takes nothing, and changes nothing") {
  const Parsed parsed("$3\r\nfoo\r\n");
  ReplyEncoder encoder(parsed.value(), resp3);
  CHECK(encoder.take({}) == 0);
  CHECK(encoder.left() == encoder.size());
  std::string out(64, '#');
  CHECK(encoder.take(out) == 9);
  CHECK(encoder.take(out) == 0);
  CHECK(out.substr(0, 10) == "$3\r\nfoo\r\n#");
}

TEST_CASE("an encoder that is copied in the middle goes on from there") {
  const std::string wire = "*3\r\n$5\r\nhello\r\n:77\r\n+OK\r\n";
  const Parsed parsed(wire);
  for (std::size_t first = 0; first <= wire.size(); ++first) {
    std::string out(wire.size(), '#');
    ReplyEncoder encoder(parsed.value(), resp3);
    encoder.take({out.data(), first});
    ReplyEncoder copy = encoder;
    copy.take({out.data() + first, out.size() - first});
    CHECK(out == wire);
    CHECK(encoder.left() == wire.size() - first);
  }
}

TEST_CASE("an element of a reply is written alone") {
  const Parsed parsed(
      "*4\r\n|1\r\n+ttl\r\n:5\r\n+OK\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n-ERR no\r\n*-1\r\n");
  std::vector<std::string> parts;
  for (const Value& element : *parsed.value().as_elements()) {
    parts.push_back(encoded(element, resp2, 3));
  }
  CHECK(parts == std::vector<std::string>{"+OK\r\n", "*2\r\n:1\r\n*1\r\n$1\r\na\r\n", "-ERR no\r\n",
                                          "*-1\r\n"});
}

TEST_CASE("attributes are left out, and what was streamed has a length") {
  check_encoded("|1\r\n+ttl\r\n:5\r\n$3\r\nfoo\r\n", "$3\r\nfoo\r\n", resp3);
  check_encoded("*2\r\n|1\r\n+a\r\n*1\r\n_\r\n:1\r\n|1\r\n+b\r\n|0\r\n_\r\n:2\r\n",
                "*2\r\n:1\r\n:2\r\n", resp2);
  check_encoded("$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n", "$3\r\nabc\r\n", resp3);
  check_encoded("$?\r\n;0\r\n", "$0\r\n\r\n", resp3);
  check_encoded("*?\r\n%?\r\n+a\r\n:1\r\n.\r\n~?\r\n.\r\n.\r\n", "*2\r\n%1\r\n+a\r\n:1\r\n~0\r\n",
                resp3);
}

TEST_CASE("strings and rows of nodes that cross read buffers are written whole") {
  const std::string large = "$200000\r\n" + std::string(200'000, 'v') + "\r\n";
  check_same(large, resp3);
  check_same("*3\r\n" + large + "!" + large.substr(1) + "=200004\r\ntxt:" + large.substr(9), resp3);
  std::string many = "*30000\r\n";
  for (int i = 0; i < 10'000; ++i)
    many += "*2\r\n$1\r\na\r\n*0\r\n$-1\r\n:" + std::to_string(i) + "\r\n";
  check_same(many, resp2);
}

TEST_CASE("values are nested as deeply as the parser takes them") {
  std::string deep;
  for (std::size_t i = 0; i < nesting_depth_max; ++i) deep += "*1\r\n";
  check_same(deep + ":1\r\n", resp3);
  check_same(deep + "*-1\r\n", resp2);
}

Model without_attributes(Model model) {
  model.attributes.clear();
  for (Model& element : model.elements) element = without_attributes(std::move(element));
  return model;
}

TEST_CASE("random replies are written as servers send them, whatever their cuts") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Model model = random_reply(random, 1 + below(random, 60), 8);
    if (depth_of(model) > nesting_depth_max) continue;
    const Model bare = without_attributes(model);
    for (const bool is_resp3 : {resp2, resp3}) {
      const std::string wire = canonical(bare, is_resp3, random);
      const Parsed parsed(wire, 1 + below(random, 100));
      CHECK(encoded(parsed.value(), is_resp3, 1 + below(random, 100)) == wire);
      CHECK(encoded(parsed.value(), is_resp3) == wire);
    }
    const Parsed any(wire_of(model, random));
    const std::string written = encoded(any.value(), resp3, 1 + below(random, 100));
    CHECK(written == canonical(bare, resp3, random));
  }
}

}  // namespace
}  // namespace plimsoll::testing::reply_encoder_test

#include "plimsoll/core/client/walk_request.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::walk_request_test {
namespace {

const std::string id_a(40, 'a');

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
std::string array(const std::vector<std::string>& elements) {
  std::string all = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& each : elements) all += each;
  return all;
}
std::string page(std::string_view cursor, const std::vector<std::string>& keys) {
  std::vector<std::string> found;
  for (const std::string& key : keys) found.push_back(bulk(key));
  return array({bulk(cursor), array(found)});
}
std::string nodes(std::string_view slots) {
  return bulk(id_a + " h:1@2 myself,master - 0 0 7 connected " + std::string(slots) + "\n");
}
std::vector<std::string> report(std::string_view slots) {
  return {nodes(slots), bulk("cluster_state:ok\r\n"), bulk("run_id:x\r\n"),
          bulk("master_replid:y\r\n"), bulk("cmdstat_cluster|nodes:calls=1,usec=1\r\n")};
}
std::string reported(std::string_view slots, const std::string& page = "") {
  std::vector<std::string> all = report(slots);
  if (!page.empty()) all.push_back(page);
  return array(all);
}

constexpr NodeId node_a = [] {
  NodeId id{};
  id.fill('a');
  return id;
}();
std::uint64_t owner_of(Slot) { return node_key(node_a); }

class World {
 public:
  /// Null if the request is refused; see error().
  std::unique_ptr<WalkRequest> submit(const std::vector<std::string_view>& words) {
    CommandView command;
    command.args = words;
    const Result<RequestId> id = pipeline_.submit(command, never, 1);
    REQUIRE(id);
    const auto handed = pipeline_.live(*id);
    REQUIRE(handed);
    auto request = std::make_unique<WalkRequest>(pipeline_);
    const Status read = request->read(*handed);
    if (!read) error_ = read.error();
    return read ? std::move(request) : nullptr;
  }
  const Error& error() const { return error_; }

 private:
  Error error_{};
  testing::ReplyMemory memory_;
  Pipeline pipeline_{*memory_.account, {}};
};

std::string sent(WalkRequest& request) {
  REQUIRE(request.next(owner_of));
  const WalkRequest::Command command(request);
  std::string text(encoded_size(command.view()), '\0');
  CHECK(encode(command.view(), text.data()) == text.data() + text.size());
  return text;
}

// What the caller gets.
std::string answered(WalkRequest& request, const std::string& answer,
                     std::size_t piece_bytes = SIZE_MAX) {
  const testing::Parsed parsed(answer, piece_bytes);
  const auto taken = request.take(parsed.value(), node_key(node_a));
  if (!taken) {
    CHECK(taken.error().code == ErrorCode::protocol_error);
    return taken.error().what;
  }
  if (taken->refusal) {
    std::string text(taken->refusal->as_error()->size(), '\0');
    taken->refusal->as_error()->copy_to(text.data());
    return text;
  }
  std::string text(request.answer_size(*taken), '\0');
  CHECK(request.write_answer(*taken, text.data()) == text.data() + text.size());
  return text;
}

std::string cursor_in(const std::string& answer) {
  const testing::Parsed parsed(answer);
  const BytesView cursor = *(*parsed.value().as_elements()->begin()).as_bytes();
  std::string text(cursor.size(), '\0');
  cursor.copy_to(text.data());
  return text;
}

TEST_CASE("the first page is a transaction of reports and SCAN with the caller's words") {
  World world;
  auto request = world.submit({"SCAN", "0", "MATCH", "ship:*", "COUNT", "100"});
  REQUIRE(request);
  CHECK(sent(*request) ==
        "*1\r\n$5\r\nMULTI\r\n*2\r\n$7\r\nCLUSTER\r\n$5\r\nNODES\r\n"
        "*2\r\n$7\r\nCLUSTER\r\n$4\r\nINFO\r\n*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n"
        "*2\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n*2\r\n$4\r\nINFO\r\n$12\r\ncommandstats\r\n"
        "*6\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$5\r\nMATCH\r\n$6\r\nship:*\r\n$5\r\nCOUNT\r\n$3\r\n100\r\n"
        "*1\r\n$4\r\nEXEC\r\n");
  const WalkRequest::Command command(*request);
  CHECK(command.view().answers == 8);
  CHECK(command.view().effect == CommandView::Effect::read);
}

TEST_CASE("the pages of a node carry its cursor, and reach the caller with the walk's") {
  World world;
  auto request = world.submit({"SCAN", "0"});
  REQUIRE(request);
  sent(*request);
  const std::string first = answered(*request, reported("0-16383", page("17", {"a", "b"})), 7);
  CHECK(first.ends_with("*2\r\n$1\r\na\r\n$1\r\nb\r\n"));

  request = world.submit({"scan", cursor_in(first), "TYPE", "string"});
  REQUIRE(request);
  CHECK(sent(*request) == "*4\r\n$4\r\nSCAN\r\n$2\r\n17\r\n$4\r\nTYPE\r\n$6\r\nstring\r\n");
  const std::string second = answered(*request, page("18446744073709551615", {"c"}));
  CHECK(second.ends_with("*1\r\n$1\r\nc\r\n"));

  request = world.submit({"SCAN", cursor_in(second)});
  REQUIRE(request);
  CHECK(sent(*request) == "*2\r\n$4\r\nSCAN\r\n$20\r\n18446744073709551615\r\n");
  const std::string third = answered(*request, page("0", {}));

  request = world.submit({"SCAN", cursor_in(third)});
  REQUIRE(request);
  const std::string question = sent(*request);
  CHECK(question.ends_with("commandstats\r\n*1\r\n$4\r\nEXEC\r\n"));
  CHECK(WalkRequest::Command(*request).view().answers == 7);
  CHECK(answered(*request, reported("0-16383")) == "*2\r\n$1\r\n0\r\n*0\r\n");
}

TEST_CASE("the caller of a page whose node was lost gets an empty one, and goes on") {
  World world;
  auto request = world.submit({"SCAN", "0"});
  REQUIRE(request);
  sent(*request);
  const WalkRequest::Answer none = request->take_loss();
  std::string text(request->answer_size(none), '\0');
  request->write_answer(none, text.data());
  CHECK(text.ends_with("*0\r\n"));
  CHECK(world.submit({"SCAN", cursor_in(text)}));
}

TEST_CASE("an answer that is none of a walk is told") {
  World world;
  for (const std::string& answer :
       {std::string("+OK\r\n"), array({}), array({bulk("a")}), reported("0-5"),
        reported("0-5", bulk("0")), reported("0-5", array({bulk("0")})),
        reported("0-5", page("", {})), reported("0-5", page("x", {})),
        reported("0-5", page("-1", {})), reported("0-5", page("18446744073709551616", {})),
        reported("0-5", array({bulk("0"), bulk("a")})), reported("5-0", page("0", {})),
        array({bulk(""), bulk(""), bulk(""), bulk(""), bulk(""), page("0", {})}),
        array({nodes("1"), bulk(""), bulk(""), bulk(""), bulk(""), page("0", {})}),
        array({":1\r\n", bulk(""), bulk(""), bulk(""), bulk(""), page("0", {})})}) {
    INFO(answer);
    auto request = world.submit({"SCAN", "0"});
    REQUIRE(request);
    sent(*request);
    CHECK(!answered(*request, answer).starts_with("*2"));
  }
}

TEST_CASE("an error of a command in the transaction is the caller's") {
  World world;
  auto request = world.submit({"SCAN", "0", "MATCH"});
  REQUIRE(request);
  sent(*request);
  CHECK(answered(*request, reported("0-5", "-ERR syntax error\r\n")) == "ERR syntax error");
  auto all = report("0-5");
  all[1] = "-NOPERM no\r\n";
  all.push_back(page("0", {}));
  CHECK(answered(*request, array(all)) == "NOPERM no");
}

TEST_CASE("a SCAN without a cursor, or with one that is none of a walk, is refused") {
  World world;
  const std::string longest(walk_cursor_bytes_max, 'A');
  for (const std::vector<std::string_view>& words : {std::vector<std::string_view>{"SCAN"},
                                                     {"SCAN", ""},
                                                     {"SCAN", "17"},
                                                     {"SCAN", longest},
                                                     {"SCAN", "walk1-"}}) {
    const auto request = world.submit(words);
    REQUIRE(!request);
    CHECK(world.error().code == ErrorCode::invalid_argument);
  }
  const std::string longer = longest + "A";
  const auto request = world.submit({"SCAN", longer, "COUNT", "10"});
  REQUIRE(!request);
  CHECK(world.error().value == walk_cursor_bytes_max + 1);
}

TEST_CASE("the longest cursor of a walk goes through a caller's hands") {
  World world;
  auto request = world.submit({"SCAN", "0"});
  REQUIRE(request);
  sent(*request);
  std::string even;
  std::string odd;
  for (int slot = 0; slot < 16384; ++slot) {
    (slot % 2 == 0 ? even : odd) += std::to_string(slot) + " ";
  }
  const std::string first = answered(*request, reported(even, page("0", {"a"})));
  request = world.submit({"SCAN", cursor_in(first)});
  REQUIRE(request);
  sent(*request);
  const std::string second = answered(*request, reported(odd, page("18446744073709551615", {"b"})));
  CHECK(cursor_in(second).size() > 5500);
  request = world.submit({"SCAN", cursor_in(second), "COUNT", "10"});
  REQUIRE(request);
  CHECK(sent(*request) ==
        "*4\r\n$4\r\nSCAN\r\n$20\r\n18446744073709551615\r\n$5\r\nCOUNT\r\n$2\r\n10\r\n");
}

}  // namespace
}  // namespace plimsoll::walk_request_test

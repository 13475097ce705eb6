#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// What a client of a cluster does not do: it says so by name, before anything is sent.

namespace plimsoll::testing::native_cluster_refused_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;

TEST_CASE("keys of several slots are refused where parts make no sense, before anything is sent") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  finish(client.get("ship"));
  group.reset_calls();
  const std::string one = key_in(0);
  // Of the same node, and of another one.
  for (const std::string& two : {key_in(1), key_in(16'383)}) {
    const std::vector<std::vector<std::string>> all = {{"MSET", one, "1", two, "2"},
                                                       {"RENAME", one, two},
                                                       {"SINTER", one, two},
                                                       {"EVAL", "return 1", "2", one, two}};
    for (const auto& words : all) {
      const std::vector<std::string_view> views(words.begin(), words.end());
      const native::Error error = error_of(client.command(native::Words(views), use_future));
      INFO(error.what());
      CHECK(error.code() == ErrorCode::invalid_argument);
      CHECK(error.executed() == Executed::no);
      CHECK_THAT(std::string(error.text()), ContainsSubstring("CROSSSLOT"));
    }
  }
  auto tx = client.transaction();
  tx.set(one, "1");
  tx.set(key_in(16'383), "2");
  const native::Error error = error_of(tx.exec(use_future));
  INFO(error.what());
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("CROSSSLOT"));
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(group.errors(i, "CROSSSLOT") == 0);
    for (const char* name : {"mset", "rename", "sinter", "eval", "multi"}) {
      INFO(name);
      CHECK(group.calls(i, name) == 0);
    }
  }
  CHECK(finish(client.get(one)) == std::nullopt);
}

TEST_CASE("commands that no node can answer for all are refused by name") {
  Client client = member_of(shared_cluster());
  const std::vector<std::vector<std::string_view>> all = {
      {"INFO"}, {"MEMORY", "STATS"}, {"LATENCY", "LATEST"}, {"FUNCTION", "STATS"}};
  for (const auto& words : all) {
    INFO(words[0] << " " << words.back());
    const auto answer = finish(client.command(native::Words(words), use_future));
    CHECK_FALSE(answer);
    if (answer) continue;
    const native::Error& error = answer.error();
    INFO(error.what());
    CHECK(error.executed() == Executed::no);
    CHECK((error.code() == ErrorCode::refused_command ||
           error.code() == ErrorCode::invalid_argument));
    CHECK_THAT(std::string(error.text()), ContainsSubstring("cluster"));
  }
  CHECK(finish(client.get("ship")) == std::nullopt);
}

TEST_CASE("the calls of a client of a cluster are not recorded") {
  Client client = member_of(shared_cluster());
  const auto recording = client.start_recording();
  REQUIRE_FALSE(recording);
  INFO(recording.error().what());
  CHECK(recording.error().code() == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_refused_test

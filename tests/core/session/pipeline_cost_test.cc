#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// What it costs to end requests early: steps a request, which do not grow with their number.

namespace plimsoll::pipeline_cost_test {
namespace {

using namespace std::chrono_literals;
using testing::TestBudget;

constexpr std::size_t counts[] = {1'000, 4'000, 16'000, 64'000};
constexpr std::uint64_t steps_max = 8;

enum class Sent { no, yes };

// So many requests, whose deadlines are a millisecond apart.
class Requests {
 public:
  Requests(std::size_t count, Sent sent) {
    constexpr std::string_view word = "PING";
    CommandView ping;
    ping.args = {&word, 1};
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = pipeline.submit(ping, Instant(std::chrono::milliseconds(i + 1)), i + 1);
      REQUIRE(id.ok());
      ids.push_back(*id);
    }
    if (sent == Sent::no) return;
    std::vector<std::string_view> spans(count);
    std::size_t bytes = 0;
    const std::size_t spans_count = pipeline.transmit(spans);
    for (std::size_t i = 0; i < spans_count; ++i) bytes += spans[i].size();
    pipeline.handle_written(bytes);
    REQUIRE_FALSE(pipeline.has_unsent());
  }

  std::size_t tell_ended() {
    std::size_t told = 0;
    while (pipeline.next_ended()) ++told;
    return told;
  }

  // Submits requests whose deadlines are so many microseconds from now, in no order.
  void submit_in_no_order(std::size_t count, std::size_t apart) {
    constexpr std::string_view word = "PING";
    CommandView ping;
    ping.args = {&word, 1};
    for (std::size_t i = 0; i < count; ++i) {
      const std::chrono::microseconds deadline((i * 7919 % count + 1) * apart);
      const auto id = pipeline.submit(ping, Instant(deadline), ids.size());
      REQUIRE(id.ok());
      ids.push_back(*id);
      deadlines.push_back(Instant(deadline));
    }
  }

  std::uint64_t steps_each() const { return pipeline.steps() / ids.size(); }

 private:
  TestBudget test_{{.memory_limit = 512 * 1024 * 1024}};
  AccountHandle account_ = test_.budget.open_account(PoolKind::requests);

 public:
  Pipeline pipeline{*account_, {.requests_max = 100'000}};
  std::vector<RequestId> ids;
  std::vector<Instant> deadlines;  // by tag, of those submitted in no order
};

TEST_CASE("requests that are cancelled one by one cost the same each, in any order") {
  for (const Sent sent : {Sent::no, Sent::yes}) {
    for (const std::size_t count : counts) {
      Requests requests(count, sent);
      for (std::size_t i = 0; i < count; ++i) {
        requests.pipeline.cancel(requests.ids[i % 2 == 0 ? i / 2 : count - 1 - i / 2]);
        REQUIRE(requests.tell_ended() == 1);
      }
      CHECK(requests.steps_each() <= steps_max);
      CHECK(requests.pipeline.size() == (sent == Sent::yes ? count : 0));
    }
  }
}

TEST_CASE("requests that are cancelled all at once cost the same each, in any order") {
  for (const Sent sent : {Sent::no, Sent::yes}) {
    for (const std::size_t count : counts) {
      Requests requests(count, sent);
      for (std::size_t i = count; i-- > 0;) {
        requests.pipeline.cancel(requests.ids[i * 7 % count]);
      }
      CHECK(requests.tell_ended() == count);
      CHECK(requests.steps_each() <= steps_max);
    }
  }
}

TEST_CASE("requests whose deadlines pass one by one cost the same each") {
  for (const Sent sent : {Sent::no, Sent::yes}) {
    for (const std::size_t count : counts) {
      Requests requests(count, sent);
      for (std::size_t i = 0; i < count; ++i) {
        REQUIRE(requests.pipeline.next_deadline() != never);
        requests.pipeline.handle_timeout(requests.pipeline.next_deadline());
        REQUIRE(requests.tell_ended() == 1);
      }
      CHECK(requests.pipeline.next_deadline() == never);
      CHECK(requests.steps_each() <= steps_max);
    }
  }
}

TEST_CASE("requests whose deadlines all pass at once cost the same each, whatever their order") {
  for (const std::size_t count : counts) {
    Requests requests(count, Sent::no);
    constexpr std::string_view word = "PING";
    CommandView ping;
    ping.args = {&word, 1};
    REQUIRE(requests.pipeline.submit(ping, Instant(1ms), 1).ok());  // is due before those in front
    requests.pipeline.handle_timeout(Instant(1h * 24));
    CHECK(requests.tell_ended() == count + 1);
    CHECK(requests.steps_each() <= steps_max);
  }
}

TEST_CASE("requests whose deadlines pass in no order cost time in proportion to their number") {
  for (const std::size_t count : counts) {
    Requests requests(0, Sent::no);
    requests.submit_in_no_order(count, 10);
    const Duration lateness_max = DeadlineOrder::rest_each * count;
    const Duration exact = count <= DeadlineOrder::exact_max ? Duration() : lateness_max;
    Instant now;
    for (std::size_t told = 0; told < count;) {
      now = requests.pipeline.next_deadline();
      requests.pipeline.handle_timeout(now);
      requests.pipeline.validate();
      while (const std::optional<Ended> ended = requests.pipeline.next_ended()) {
        ++told;
        const Instant deadline = requests.deadlines[ended->tag];
        CHECK(deadline <= now);
        CHECK(now - deadline <= exact);
      }
    }
    CHECK(requests.pipeline.next_deadline() == never);
    if (count <= DeadlineOrder::exact_max) continue;
    // Between two visits of a request lies the rest for it.
    const std::uint64_t steps_in_time = (now - Instant()) / DeadlineOrder::rest_each;
    // Each of the last ones ends at its deadline.
    constexpr std::uint64_t exact_steps = DeadlineOrder::exact_max * DeadlineOrder::exact_max;
    CHECK(requests.pipeline.steps() <= steps_max * count + steps_in_time + exact_steps);
  }
}

}  // namespace
}  // namespace plimsoll::pipeline_cost_test

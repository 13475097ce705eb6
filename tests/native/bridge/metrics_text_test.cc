#include "plimsoll/native/bridge/metrics_text.h"

#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/session/version.h"
#include "plimsoll/tests/native/observe/metrics_page.h"

namespace plimsoll::testing::metrics_text_test {
namespace {

using bridge::Measured;
using bridge::ServerCounters;

std::map<std::string, MetricOnPage> page_of(const ServerCounters& counters) {
  const Measured measured{.counters = counters, .memory = {}};
  return read_metrics_page(metrics_text(measured));
}

std::string profile_label(const std::string& name) { return "profile=\"" + name + "\""; }

// Names whose order is that of their numbers.
std::string numbered(std::size_t number) { return "p" + std::to_string(1000 + number); }

TEST_CASE("every metric that is described is there, and no other") {
  ServerCounters counters;
  counters.add_profile("page");
  counters.add_upstream("main");
  const Measured measured{.counters = counters, .memory = {}, .shared = {{"main", {}}}};
  const auto page = read_metrics_page(metrics_text(measured));
  const auto descriptions = bridge::metric_descriptions();
  CHECK(page.size() == descriptions.size());
  for (const auto& each : descriptions) {
    INFO(each.name);
    REQUIRE(page.contains(each.name));
    CHECK(page.at(each.name).type == name(each.type));
    CHECK_FALSE(page.at(each.name).samples.empty());
  }
}

TEST_CASE("the build is a label of a one") {
  const auto page = page_of(ServerCounters());
  const auto& samples = page.at("plimsoll_bridge_build_info").samples;
  REQUIRE(samples.size() == 1);
  CHECK(samples.begin()->first.starts_with("version=\"" + std::string(library_version) + "\""));
  CHECK(samples.begin()->second == 1);
}

TEST_CASE("as many profiles as the limit says are shown, and those beyond it count together") {
  ServerCounters counters;
  for (std::size_t i = 0; i < bridge::metrics_profiles_max; ++i) {
    counters.add_profile(numbered(i));
    counters.of_profile(numbered(i)).done.upgrades = 1;
  }
  const std::string name = "plimsoll_bridge_profile_upgrades_total";
  const std::string others = profile_label(std::string(bridge::other_profiles));
  CHECK(page_of(counters).at(name).samples.size() == bridge::metrics_profiles_max);
  CHECK_FALSE(page_of(counters).at(name).samples.contains(others));

  for (std::size_t i = 0; i < 2; ++i) {
    const std::string added = numbered(bridge::metrics_profiles_max + i);
    counters.add_profile(added);
    counters.of_profile(added).done.upgrades = 10;
    counters.of_profile(added).closes.add(1001);
  }
  const auto page = page_of(counters);
  CHECK(page.at(name).samples.size() == bridge::metrics_profiles_max + 1);
  CHECK(page.at(name).samples.at(others) == 20);
  CHECK(page.at("plimsoll_bridge_closes_total").samples.at(others + ",code=\"1001\"") == 2);
  CHECK(page.at("plimsoll_bridge_upgrades_total").samples.at("") ==
        bridge::metrics_profiles_max + 20);
}

TEST_CASE("a code that is on no list counts as another") {
  ServerCounters counters;
  counters.add_profile("page");
  auto& page = counters.of_profile("page");
  for (const unsigned code : bridge::counted_closes) page.closes.add(code);
  for (const unsigned code : {4000U, 4999U, 999U}) page.closes.add(code);
  for (const unsigned status : bridge::counted_statuses)
    counters.of_profile("").handshakes.add(status);
  counters.of_profile("").handshakes.add(418);
  const auto text = page_of(counters);
  const auto& closes = text.at("plimsoll_bridge_closes_total").samples;
  CHECK(closes.at(profile_label("page") + ",code=\"1000\"") == 1);
  CHECK(closes.at(profile_label("page") + ",code=\"other\"") == 3);
  const auto& answers = text.at("plimsoll_bridge_handshakes_total").samples;
  CHECK(answers.at("profile=\"(none)\",status=\"none\"") == 1);
  CHECK(answers.at("profile=\"(none)\",status=\"101\"") == 1);
  CHECK(answers.at("profile=\"(none)\",status=\"other\"") == 1);
}

TEST_CASE("the time of requests is a histogram of each profile") {
  ServerCounters counters;
  counters.add_profile("page");
  counters.add_profile("quiet");
  counters.of_profile("page").done.request_times.add(std::chrono::milliseconds(250));
  counters.of_profile("page").done.request_times.add(std::chrono::milliseconds(500));
  const auto metric = page_of(counters).at("plimsoll_bridge_request_seconds");
  CHECK(metric.samples.at(profile_label("page")) == 2);
  CHECK(metric.sums.at(profile_label("page")) == 0.75);
  CHECK(metric.samples.at(profile_label("quiet")) == 0);
  CHECK(counters.total().request_times.sum() == std::chrono::milliseconds(750));
}

TEST_CASE("each upstream whose connections are shared has what was done over them") {
  const ServerCounters counters;
  Measured measured{.counters = counters, .memory = {}};
  CHECK(read_metrics_page(metrics_text(measured))
            .at("plimsoll_bridge_shared_requests_total")
            .samples.empty());
  measured.shared["main"].requests = 5;
  measured.shared["main"].cache_hits = 3;
  measured.shared["main"].cache_bytes = 4096;
  measured.shared["main"].tracked_keys = 7;
  measured.shared["near"].clients = 1;
  const auto page = read_metrics_page(metrics_text(measured));
  const auto sample = [&](const std::string& name, const std::string& upstream) {
    const auto& samples = page.at("plimsoll_bridge_shared_" + name).samples;
    CHECK(samples.size() == 2);
    return samples.at("upstream=\"" + upstream + "\"");
  };
  CHECK(sample("requests_total", "main") == 5);
  CHECK(sample("cache_hits_total", "main") == 3);
  CHECK(sample("cache_bytes", "main") == 4096);
  CHECK(sample("tracked_keys", "main") == 7);
  CHECK(sample("clients", "near") == 1);
  CHECK(sample("requests_total", "near") == 0);
}

TEST_CASE("what belongs to no profile, and to each, is all in the total") {
  ServerCounters counters;
  counters.add_profile("a");
  counters.add_profile("b");
  counters.own().out_of_memory = 1;
  counters.of_profile("a").done.out_of_memory = 2;
  counters.of_profile("b").done.out_of_memory = 4;
  counters.of_profile("b").done.relays = 3;
  CHECK(counters.total().out_of_memory == 7);
  CHECK(counters.total().relays == 3);
}

}  // namespace
}  // namespace plimsoll::testing::metrics_text_test

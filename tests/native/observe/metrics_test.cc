#include "plimsoll/metrics.h"

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/observe/metrics_page.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/version.h"

// What the endpoint says, without the endpoint.

namespace plimsoll::testing::metrics_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::metrics_text;

// Of this client; its number is not known to the test.
std::uint64_t value_for(const MetricOnPage& metric, std::string_view part) {
  for (const auto& [labels, value] : metric.samples) {
    if (labels.find(part) != labels.npos) return value;
  }
  throw std::runtime_error("there is no sample with " + std::string(part));
}

std::vector<Client> many_clients(std::size_t count, const std::string& name) {
  std::vector<Client> clients;
  native::Options options = patient_options();
  options.client_name = name;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(connected(unix_url(), options));
  return clients;
}

bool nobody_is_left() {
  return eventually([] { return native::memory_statistics().clients == 0; });
}

TEST_CASE("all metrics are there, whether or not there is a client") {
  REQUIRE(nobody_is_left());
  const auto page = read_metrics_page(metrics_text());
  CHECK(page.at("plimsoll_clients").samples.at("") == 0);
  CHECK(page.at("plimsoll_build_info").samples.begin()->first ==
        "version=\"" + std::string(native::version) + "\"");
  CHECK(page.at("plimsoll_process_resident_bytes").samples.at("") > 0);
  CHECK(page.size() == native::detail::metric_descriptions().size());
}

TEST_CASE("a client has its own figures, and counts in the totals beyond its end") {
  const auto before = read_metrics_page(metrics_text());
  const std::uint64_t submitted_before =
      before.at("plimsoll_requests_submitted_total").samples.at("");
  {
    native::Options options = patient_options();
    options.client_name = "orders";
    Client client = connected(unix_url(), options);
    for (int i = 0; i < 10; ++i) value_of(client.get("nothing", use_future));
    const auto page = read_metrics_page(metrics_text());
    const std::string_view mine = "client_name=\"orders\"";
    CHECK(value_for(page.at("plimsoll_client_requests_submitted_total"), mine) >= 10);
    CHECK(value_for(page.at("plimsoll_client_ready"), mine) == 1);
    CHECK(page.at("plimsoll_client_pool_used_bytes").samples.size() == 4);
    CHECK(value_for(page.at("plimsoll_client_info"), "server=\"unix:") == 1);
    CHECK(value_for(page.at("plimsoll_client_problem"), "kind=\"tls\"") == 0);
  }
  REQUIRE(nobody_is_left());
  const auto after = read_metrics_page(metrics_text());
  CHECK(after.at("plimsoll_requests_submitted_total").samples.at("") >= submitted_before + 10);
  CHECK(after.at("plimsoll_client_ready").samples.empty());
}

TEST_CASE("what a name is made of does not break a line") {
  native::Observed all;
  native::ClientSnapshot client;
  client.owner = 1;
  client.name = "a\"b\\c\nd}\x80 e=\"";
  all.clients.clients.push_back(client);
  const auto page = read_metrics_page(native::detail::metrics_text(all));
  CHECK(page.at("plimsoll_client_ready").samples.begin()->first ==
        R"(client="1",client_name="a\"b\\c?d}? e=\"")");
}

TEST_CASE("of too many clients the first ones are shown, and all are counted") {
  REQUIRE(nobody_is_left());
  const std::size_t too_many = native::metrics_clients_max + 3;
  const std::vector<Client> clients = many_clients(too_many, "many");
  const auto page = read_metrics_page(metrics_text());
  CHECK(page.at("plimsoll_client_ready").samples.size() == native::metrics_clients_max);
  CHECK(page.at("plimsoll_clients_not_shown").samples.at("") == 3);
  CHECK(page.at("plimsoll_clients_ready").samples.at("") == too_many);
}

TEST_CASE("a cache has its figures, whether or not its own are on") {
  REQUIRE(nobody_is_left());
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  native::Options options = patient_options();
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  Client client = connected(unix_url(), options);
  value_of(client.set("metrics:cached", "yes", use_future));
  for (int i = 0; i < 5; ++i) value_of(client.get("metrics:cached", use_future));
  const auto page = read_metrics_page(metrics_text());
  CHECK(page.at("plimsoll_cache_limit_bytes").samples.begin()->second == 1024 * 1024);
  CHECK(page.at("plimsoll_cache_hits_total").samples.begin()->second >= 3);
  CHECK(page.at("plimsoll_cache_skipped_total").samples.size() == 6);
  CHECK(page.at("plimsoll_client_info").samples.begin()->first.ends_with("cache=\"tracking\""));
}

TEST_CASE("a name with the longest text that is shown is cut") {
  native::Observed all;
  native::ClientSnapshot client;
  client.name.assign(1000, 'n');
  all.clients.clients.push_back(client);
  const auto page = read_metrics_page(native::detail::metrics_text(all));
  CHECK(page.at("plimsoll_client_ready").samples.begin()->first ==
        "client=\"0\",client_name=\"" + std::string(128, 'n') + "\"");
}

}  // namespace
}  // namespace plimsoll::testing::metrics_test

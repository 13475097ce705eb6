// Whether the bridge's page, its alerts and its dashboard speak of metrics that there are.

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/metrics_text.h"
#include "plimsoll/tests/native/observe/metric_documents.h"

namespace plimsoll::testing::metric_pages_test {
namespace {

constexpr const char* page = "docs/bridge.md";
constexpr const char* dashboard = "docs/grafana/plimsoll-bridge.json";

const MetricDocuments& documents() {
  static const MetricDocuments all(bridge::metric_descriptions(), "\\b(plimsoll_bridge_[a-z_]+)");
  return all;
}

TEST_CASE("the bridge's page lists each metric as the code has it, and no other") {
  documents().check_table(page);
}

TEST_CASE("whatever the page, its alerts and the dashboard call plimsoll_bridge_..., there is") {
  documents().check_names(page);
  documents().check_names(dashboard);
}

TEST_CASE("the bridge's dashboard asks for labels that there are, of a data source to choose") {
  documents().check_dashboard(dashboard, page);
}

}  // namespace
}  // namespace plimsoll::testing::metric_pages_test

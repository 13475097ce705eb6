// Whether the page about metrics and the dashboard speak of metrics that there are.

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/metrics.h"
#include "plimsoll/tests/native/observe/metric_documents.h"

namespace plimsoll::testing::pages_test {
namespace {

constexpr const char* page = "docs/observability.md";
constexpr const char* dashboard = "docs/grafana/plimsoll.json";

const MetricDocuments& documents() {
  static const MetricDocuments all(native::detail::metric_descriptions(),
                                   "\\b(plimsoll_(?!bridge_)[a-z_]+)");
  return all;
}

TEST_CASE("the page lists each metric as the code has it, and no other") {
  documents().check_table(page);
}

TEST_CASE("whatever the page and the dashboard call plimsoll_..., there is") {
  documents().check_names(page);
  documents().check_names(dashboard);
}

TEST_CASE("the dashboard's panels ask for labels that there are, of a data source to choose") {
  documents().check_dashboard(dashboard, page);
}

}  // namespace
}  // namespace plimsoll::testing::pages_test

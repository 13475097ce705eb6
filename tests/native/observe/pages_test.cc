// Whether the page about metrics and the dashboard speak of metrics that there are.

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "plimsoll/metrics.h"

namespace plimsoll::testing::pages_test {
namespace {

using Json = nlohmann::json;
using native::detail::metric_descriptions;
using native::detail::MetricDescription;

constexpr std::string_view table_head =
    "| metric | type | labels | what it is |\n|---|---|---|---|\n";

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string table() {
  std::string text(table_head);
  for (const MetricDescription& metric : metric_descriptions()) {
    text += "| `" + metric.name + "` | " + std::string(name(metric.type)) + " | " + metric.labels +
            " | " + metric.help + " |\n";
  }
  return text;
}

std::vector<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex wanted(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) {
    found.push_back((*at)[at->size() - 1].str());
  }
  return found;
}

std::set<std::string> names_in(const std::string& list) {
  const auto names = matches(list, "([a-z_]+)");
  return {names.begin(), names.end()};
}

// Every text of this name, however deep.
void collect(const Json& json, const std::string& key, std::vector<std::string>& found) {
  if (json.is_object() && json.contains(key) && json[key].is_string()) found.push_back(json[key]);
  if (!json.is_structured()) return;
  for (const Json& each : json) collect(each, key, found);
}

std::map<std::string, std::set<std::string>> labels_by_metric() {
  std::map<std::string, std::set<std::string>> all;
  for (const MetricDescription& metric : metric_descriptions()) {
    all[metric.name] = names_in(metric.labels);
  }
  return all;
}

// Prometheus itself adds this one.
bool is_label(const std::string& label, const std::set<std::string>& labels) {
  return label == "instance" || labels.contains(label);
}

TEST_CASE("the page lists each metric as the code has it, and no other") {
  const std::string page = content_of("docs/observability.md");
  const std::size_t begin = page.find(table_head);
  REQUIRE(begin != page.npos);
  CHECK(page.substr(begin, page.find("\n\n", begin) + 1 - begin) == table());
}

TEST_CASE("whatever the page and the dashboard call plimsoll_..., there is") {
  const auto all = labels_by_metric();
  for (const char* file : {"docs/observability.md", "docs/grafana/plimsoll.json"}) {
    for (const std::string& each : matches(content_of(file), "\\b(plimsoll_[a-z_]+)")) {
      INFO(file << ": " << each);
      CHECK(all.contains(each));
    }
  }
}

TEST_CASE("the dashboard's panels ask for labels that there are, of a data source to choose") {
  const Json dashboard = Json::parse(content_of("docs/grafana/plimsoll.json"));
  CHECK(dashboard["schemaVersion"] >= 36);
  CHECK(dashboard["templating"]["list"][0]["type"] == "datasource");
  std::vector<std::string> uids;
  collect(dashboard["panels"], "uid", uids);
  for (const std::string& uid : uids) CHECK(uid == "${datasource}");
  std::set<int> ids;
  for (const Json& panel : dashboard["panels"]) CHECK(ids.insert(panel["id"].get<int>()).second);

  const auto all = labels_by_metric();
  std::vector<std::string> expressions;
  collect(dashboard["panels"], "expr", expressions);
  CHECK(expressions.size() > 20);
  for (const std::string& expression : expressions) {
    INFO(expression);
    std::set<std::string> labels;
    for (const std::string& metric : matches(expression, "\\b(plimsoll_[a-z_]+)")) {
      REQUIRE(all.contains(metric));
      labels.insert(all.at(metric).begin(), all.at(metric).end());
      const bool counts = metric.ends_with("_total");
      CHECK(counts == (expression.find("(" + metric) != std::string::npos &&
                       expression.find("[$__rate_interval]") != std::string::npos));
    }
    for (const std::string& list : matches(expression, "(?:by|on) \\(([^)]*)\\)")) {
      for (const std::string& label : names_in(list)) CHECK(is_label(label, labels));
    }
    for (const std::string& label : matches(expression, "([a-z_]+)=~?\"")) {
      CHECK(is_label(label, labels));
    }
  }
  std::vector<std::string> legends;
  collect(dashboard["panels"], "legendFormat", legends);
  for (const std::string& legend : legends) {
    for (const std::string& label : matches(legend, "\\{\\{([a-z_]+)\\}\\}")) {
      INFO(legend);
      CHECK((label == "instance" ||
             content_of("docs/observability.md").find(label) != std::string::npos));
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::pages_test

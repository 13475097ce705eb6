#pragma once

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "plimsoll/native/observe/prometheus_text.h"

// Whether a page, its alerts and a dashboard speak of metrics and labels that there are: the
// client's, and the bridge's.

namespace plimsoll::testing {

inline constexpr std::string_view metrics_table_head =
    "| metric | type | labels | what it is |\n|---|---|---|---|\n";

inline std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The last group of each match.
inline std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) {
    found.push_back((*at)[at->size() - 1].str());
  }
  return found;
}

class MetricDocuments {
 public:
  using Json = nlohmann::json;

  /// `pattern` matches what documents call by names that begin as these metrics' do.
  MetricDocuments(std::vector<native::MetricDescription> metrics, std::string pattern)
      : metrics_(std::move(metrics)), pattern_(std::move(pattern)) {
    for (const native::MetricDescription& metric : metrics_) {
      const std::set<std::string> labels = names_in(metric.labels);
      labels_[metric.name] = labels;
      if (metric.type != native::MetricType::histogram) continue;
      for (const char* sample : {"_sum", "_count", "_bucket"})
        labels_[metric.name + sample] = labels;
      labels_[metric.name + "_bucket"].insert("le");
    }
  }

  /// The page has the table of all metrics, as the code has them.
  void check_table(const std::string& page_file) const {
    const std::string page = content_of(page_file);
    const std::size_t begin = page.find(metrics_table_head);
    REQUIRE(begin != page.npos);
    CHECK(page.substr(begin, page.find("\n\n", begin) + 1 - begin) == table());
  }

  void check_names(const std::string& file) const {
    const auto found = matches(content_of(file), pattern_);
    CHECK_FALSE(found.empty());
    for (const std::string& each : found) {
      INFO(file << ": " << each);
      CHECK(labels_.contains(each));
    }
  }

  /// The panels ask for labels that there are, of a data source to choose; `page_file` explains the
  /// labels of their legends.
  void check_dashboard(const std::string& file, const std::string& page_file) const {
    const Json dashboard = Json::parse(content_of(file));
    CHECK(dashboard["schemaVersion"] >= 36);
    CHECK(dashboard["templating"]["list"][0]["type"] == "datasource");
    for (const std::string& uid : collected(dashboard["panels"], "uid")) {
      CHECK(uid == "${datasource}");
    }
    std::set<int> ids;
    for (const Json& panel : dashboard["panels"]) CHECK(ids.insert(panel["id"].get<int>()).second);
    const auto expressions = collected(dashboard["panels"], "expr");
    CHECK(expressions.size() > 20);
    for (const std::string& expression : expressions) check_expression(expression);
    const std::string page = content_of(page_file);
    for (const std::string& legend : collected(dashboard["panels"], "legendFormat")) {
      for (const std::string& label : matches(legend, "\\{\\{([a-z_]+)\\}\\}")) {
        INFO(legend);
        CHECK((label == "instance" || page.find(label) != page.npos));
      }
    }
  }

 private:
  static std::set<std::string> names_in(const std::string& list) {
    const auto names = matches(list, "([a-z_]+)");
    return {names.begin(), names.end()};
  }

  // Every text of this name, however deep.
  static std::vector<std::string> collected(const Json& json, const std::string& key) {
    std::vector<std::string> found;
    if (json.is_object() && json.contains(key) && json[key].is_string()) found.push_back(json[key]);
    if (!json.is_structured()) return found;
    for (const Json& each : json) {
      const auto below = collected(each, key);
      found.insert(found.end(), below.begin(), below.end());
    }
    return found;
  }

  std::string table() const {
    std::string text(metrics_table_head);
    for (const native::MetricDescription& metric : metrics_) {
      text += "| `" + metric.name + "` | " + std::string(name(metric.type)) + " | " +
              metric.labels + " | " + metric.help + " |\n";
    }
    return text;
  }

  // What only grows, so that a dashboard wants its rate.
  static bool is_count(const std::string& metric) {
    return metric.ends_with("_total") || metric.ends_with("_bucket") || metric.ends_with("_sum") ||
           metric.ends_with("_count");
  }

  void check_expression(const std::string& expression) const {
    INFO(expression);
    std::set<std::string> labels = {"instance"};  // Prometheus itself adds this one
    for (const std::string& metric : matches(expression, pattern_)) {
      REQUIRE(labels_.contains(metric));
      labels.insert(labels_.at(metric).begin(), labels_.at(metric).end());
      CHECK(is_count(metric) == (expression.find("(" + metric) != std::string::npos &&
                                 expression.find("[$__rate_interval]") != std::string::npos));
    }
    for (const std::string& list : matches(expression, "(?:by|on) \\(([^)]*)\\)")) {
      for (const std::string& label : names_in(list)) CHECK(labels.contains(label));
    }
    for (const std::string& label : matches(expression, "([a-z_]+)=~?\"")) {
      CHECK(labels.contains(label));
    }
  }

  const std::vector<native::MetricDescription> metrics_;
  const std::string pattern_;
  std::map<std::string, std::set<std::string>> labels_;
};

}  // namespace plimsoll::testing

#include "plimsoll/native/observe/histogram.h"

#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/observe/prometheus_text.h"
#include "plimsoll/tests/native/observe/metrics_page.h"

namespace plimsoll::testing::histogram_test {
namespace {

using native::Histogram;
using native::MetricType;
using native::PrometheusText;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

std::string text_of(const Histogram& histogram, std::string_view labels = {}) {
  std::string text;
  PrometheusText writer(text);
  writer.begin("waiting_seconds", MetricType::histogram, "How long it took");
  writer.add(labels, histogram);
  return text;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a duration falls into the first bucket that is not smaller") {
  for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
    Histogram histogram;
    histogram.add(Histogram::bounds[i]);
    histogram.add(Histogram::bounds[i] + 1ns);
    CHECK(histogram.counts()[i] == 1);
    CHECK(histogram.counts()[i + 1] == 1);
    CHECK(histogram.sum() == 2 * Histogram::bounds[i] + 1ns);
  }
}

TEST_CASE("the shortest and the longest durations are counted, too") {
  Histogram histogram;
  histogram.add(0ns);
  histogram.add(-1s);  // of a clock that was set back
  histogram.add(nanoseconds::max());
  CHECK(histogram.counts().front() == 2);
  CHECK(histogram.counts().back() == 1);
  CHECK(histogram.sum() == nanoseconds::max());
}

TEST_CASE("Prometheus is told buckets that add up, and seconds") {
  Histogram histogram;
  histogram.add(90us);
  histogram.add(100us);
  histogram.add(2'500'000ns);
  histogram.add(20s);
  const std::string text = text_of(histogram);
  CHECK(has(text, "# TYPE waiting_seconds histogram\n"));
  CHECK(has(text, "waiting_seconds_bucket{le=\"0.0001\"} 2\n"));
  CHECK(has(text, "waiting_seconds_bucket{le=\"0.001\"} 2\n"));
  CHECK(has(text, "waiting_seconds_bucket{le=\"0.0025\"} 3\n"));
  CHECK(has(text, "waiting_seconds_bucket{le=\"10\"} 3\n"));
  CHECK(has(text, "waiting_seconds_bucket{le=\"+Inf\"} 4\n"));
  CHECK(has(text, "waiting_seconds_sum 20.00269\n"));
  CHECK(has(text, "waiting_seconds_count 4\n"));
  CHECK(read_metrics_page(text).at("waiting_seconds").samples.at("") == 4);
}

TEST_CASE("labels come before the bucket's own") {
  Histogram histogram;
  histogram.add(1ns);
  const std::string text = text_of(histogram, "upstream=\"main\"");
  CHECK(has(text, "waiting_seconds_bucket{upstream=\"main\",le=\"0.0001\"} 1\n"));
  CHECK(has(text, "waiting_seconds_sum{upstream=\"main\"} 0.000000001\n"));
  const auto metric = read_metrics_page(text).at("waiting_seconds");
  CHECK(metric.samples.at("upstream=\"main\"") == 1);
  CHECK(metric.sums.at("upstream=\"main\"") == 0.000000001);
}

}  // namespace
}  // namespace plimsoll::testing::histogram_test

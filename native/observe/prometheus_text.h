#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/observe/histogram.h"

// Writes metrics in Prometheus's text format (0.0.4,
// prometheus.io/docs/instrumenting/exposition_formats).

namespace plimsoll::inline v0::native {

enum class MetricType : std::uint8_t { gauge, counter, histogram };

/// The name of a type: "gauge".
std::string_view name(MetricType type);

/// What a metric is, for tables of documents, and for the tests that compare them with the code.
struct MetricDescription {
  std::string name;
  MetricType type = MetricType::gauge;
  std::string help;
  std::string labels;  ///< their names: "client, client_name, pool"
};

struct MetricLabel {
  std::string_view name;
  std::string_view value;  ///< any bytes
};

/// Formats labels as they appear between the braces: `pool="cache",client="3"`. Values are cut off
/// at 128 bytes; bytes that are not printable ASCII become question marks.
std::string metric_labels(std::span<const MetricLabel> labels);

/// Appends metrics to a text, which must outlive this object.
class PrometheusText {
 public:
  explicit PrometheusText(std::string& text) : text_(text) {}

  /// Begins a metric, whose samples follow. `name` must be valid until the last of them.
  void begin(std::string_view name, MetricType type, std::string_view help);

  /// Adds a sample. `labels` is a result of metric_labels(), or empty.
  void add(std::string_view labels, std::uint64_t value);

  /// Adds the samples of a histogram, whose durations become seconds.
  void add(std::string_view labels, const Histogram& histogram);

 private:
  void begin_sample(std::string_view suffix, std::string_view labels);

  std::string& text_;
  std::string_view name_;
};

}  // namespace plimsoll::inline v0::native

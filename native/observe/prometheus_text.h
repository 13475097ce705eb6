#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Figures as Prometheus reads them (text format 0.0.4,
// prometheus.io/docs/instrumenting/exposition_formats).

namespace plimsoll::native {

enum class MetricType : std::uint8_t { gauge, counter };

/// "gauge".
std::string_view name(MetricType type);

struct MetricLabel {
  std::string_view name;
  std::string_view value;  ///< any bytes
};

/// What stands between the braces: `pool="cache",client="3"`. Values are cut at 128 bytes, and have
/// question marks for what is no printable ASCII.
std::string metric_labels(std::span<const MetricLabel> labels);

/// Appends to a text that outlives this.
class PrometheusText {
 public:
  explicit PrometheusText(std::string& text) : text_(text) {}

  /// A metric; its samples are added next. `name` lives until the last of them.
  void begin(std::string_view name, MetricType type, std::string_view help);

  /// A sample; `labels` as metric_labels() gives them.
  void add(std::string_view labels, std::uint64_t value);

 private:
  std::string& text_;
  std::string_view name_;
};

}  // namespace plimsoll::native

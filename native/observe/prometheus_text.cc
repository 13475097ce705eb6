#include "plimsoll/native/observe/prometheus_text.h"

#include <array>
#include <charconv>

#include "plimsoll/native/base/plain_text.h"

namespace plimsoll::inline v0::native {
namespace {

// A longer value of a label is cut off.
constexpr std::size_t label_bytes_max = 128;

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

void append_number(std::string& text, std::uint64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

// Exactly, as whole seconds and a fraction without zeros at its end: "0.00025", "10".
void append_seconds(std::string& text, std::chrono::nanoseconds value) {
  const auto nanoseconds = static_cast<std::uint64_t>(value.count());
  append_number(text, nanoseconds / nanoseconds_per_second);
  const std::uint64_t rest = nanoseconds % nanoseconds_per_second;
  if (rest == 0) return;
  std::string fraction;
  append_number(fraction, nanoseconds_per_second + rest);
  fraction[0] = '.';  // the one that keeps the zeros in front
  fraction.erase(fraction.find_last_not_of('0') + 1);
  text += fraction;
}

}  // namespace

std::string_view name(MetricType type) {
  switch (type) {
    case MetricType::gauge: return "gauge";
    case MetricType::counter: return "counter";
    case MetricType::histogram: return "histogram";
  }
  return "untyped";
}

std::string metric_labels(std::span<const MetricLabel> labels) {
  std::string text;
  for (const MetricLabel& label : labels) {
    if (!text.empty()) text += ',';
    text.append(label.name).append("=\"");
    for (const char c : plain_text(label.value, label_bytes_max)) {
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text;
}

void PrometheusText::begin(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(" ").append(native::name(type)).append("\n");
}

void PrometheusText::begin_sample(std::string_view suffix, std::string_view labels) {
  text_.append(name_).append(suffix);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_.append(" ");
}

void PrometheusText::add(std::string_view labels, std::uint64_t value) {
  begin_sample({}, labels);
  append_number(text_, value);
  text_.append("\n");
}

void PrometheusText::add(std::string_view labels, const Histogram& histogram) {
  std::string prefix(labels);
  if (!prefix.empty()) prefix += ',';
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
    std::string bucket = prefix + "le=\"";
    if (i < Histogram::bounds.size()) append_seconds(bucket, Histogram::bounds[i]);
    bucket += i < Histogram::bounds.size() ? "\"" : "+Inf\"";
    begin_sample("_bucket", bucket);
    count += histogram.counts()[i];
    append_number(text_, count);
    text_.append("\n");
  }
  begin_sample("_sum", labels);
  append_seconds(text_, histogram.sum());
  text_.append("\n");
  begin_sample("_count", labels);
  append_number(text_, count);
  text_.append("\n");
}

}  // namespace plimsoll::inline v0::native

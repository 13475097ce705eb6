#include "plimsoll/native/observe/prometheus_text.h"

#include <array>
#include <charconv>

#include "plimsoll/native/base/plain_text.h"

namespace plimsoll::inline v0::native {
namespace {

// A longer value of a label is cut off.
constexpr std::size_t label_bytes_max = 128;

}  // namespace

std::string_view name(MetricType type) {
  switch (type) {
    case MetricType::gauge: return "gauge";
    case MetricType::counter: return "counter";
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

void PrometheusText::add(std::string_view labels, std::uint64_t value) {
  text_.append(name_);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  std::array<char, 24> digits;
  digits[0] = ' ';
  char* const end = std::to_chars(digits.data() + 1, digits.data() + digits.size(), value).ptr;
  *end = '\n';
  text_.append(digits.data(), end + 1);
}

}  // namespace plimsoll::inline v0::native

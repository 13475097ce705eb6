#include "plimsoll/tests/native/observe/metrics_page.h"

#include <charconv>
#include <stdexcept>

namespace plimsoll::testing {
namespace {

using Page = std::map<std::string, MetricOnPage>;

void expect(bool holds, std::string_view what, std::string_view line) {
  if (holds) return;
  throw std::runtime_error(std::string(what) + ": " + std::string(line));
}

bool is_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_";
  return !name.empty() && letters.find(name[0]) != letters.npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == name.npos;
}

// Takes what is up to `end`, and `end`.
std::string take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  if (at == text.npos) return {};
  std::string taken(text.substr(0, at));
  text.remove_prefix(at + 1);
  return taken;
}

// name="value",... with \\, \" and \n in values.
std::set<std::string> read_labels(std::string_view labels, std::string_view line) {
  std::set<std::string> names;
  while (!labels.empty()) {
    const std::string name = take_until(labels, '=');
    expect(is_name(name) && !name.starts_with("__"), "a label's name", line);
    expect(names.insert(name).second, "a label twice", line);
    expect(labels.starts_with('"'), "no quotes", line);
    std::size_t at = 1;
    for (; at < labels.size() && labels[at] != '"'; ++at) {
      if (labels[at] != '\\') continue;
      ++at;
      expect(at < labels.size() && (labels[at] == '\\' || labels[at] == '"' || labels[at] == 'n'),
             "an escape", line);
    }
    expect(at < labels.size(), "a quote that does not end", line);
    labels.remove_prefix(at + 1);
    if (labels.empty()) break;
    expect(labels.starts_with(',') && labels.size() > 1, "what stands behind a label", line);
    labels.remove_prefix(1);
  }
  return names;
}

class PageReader {
 public:
  void read_line(std::string_view line) {
    std::string_view rest = line;
    if (line.starts_with("# HELP ")) {
      rest.remove_prefix(7);
      begin(take_until(rest, ' '), rest, line);
    } else if (line.starts_with("# TYPE ")) {
      rest.remove_prefix(7);
      expect(take_until(rest, ' ') == name_ && page_[name_].type.empty(), "TYPE", line);
      expect(rest == "gauge" || rest == "counter", "a type", line);
      expect((rest == "counter") == name_.ends_with("_total"), "_total and the type", line);
      page_[name_].type = rest;
    } else {
      read_sample(line);
    }
  }

  Page take() { return std::move(page_); }

 private:
  void begin(const std::string& name, std::string_view help, std::string_view line) {
    expect(is_name(name) && !help.empty(), "HELP", line);
    expect(page_.find(name) == page_.end(), "a metric twice", line);
    name_ = name;
    page_[name].help = help;
  }

  void read_sample(std::string_view line) {
    const std::size_t end = line.find_first_of("{ ");
    expect(end != line.npos && line.substr(0, end) == name_, "a sample out of place", line);
    MetricOnPage& metric = page_[name_];
    expect(!metric.type.empty(), "a sample before TYPE", line);
    std::string_view rest = line.substr(end);
    std::string labels;
    if (rest.starts_with('{')) {
      const std::size_t close = rest.rfind('}');
      expect(close != rest.npos && close > 1, "braces", line);
      labels = rest.substr(1, close - 1);
      rest.remove_prefix(close + 1);
    }
    const std::set<std::string> names = read_labels(labels, line);
    expect(metric.samples.empty() || names == metric.label_names, "other labels", line);
    metric.label_names = names;
    expect(rest.starts_with(' '), "no value", line);
    rest.remove_prefix(1);
    std::uint64_t value = 0;
    const auto [at, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    expect(problem == std::errc{} && at == rest.data() + rest.size(), "a value", line);
    expect(metric.samples.emplace(labels, value).second, "a sample twice", line);
  }

  std::string name_;
  Page page_;
};

}  // namespace

Page read_metrics_page(std::string_view text) {
  PageReader reader;
  expect(text.ends_with('\n'), "the last line does not end", "");
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.read_line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return reader.take();
}

}  // namespace plimsoll::testing

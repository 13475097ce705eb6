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
      expect(rest == "gauge" || rest == "counter" || rest == "histogram", "a type", line);
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
    expect(end != line.npos && line.starts_with(name_), "a sample out of place", line);
    const std::string_view suffix = line.substr(name_.size(), end - name_.size());
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
    expect(rest.starts_with(' '), "no value", line);
    rest.remove_prefix(1);
    if (suffix == "_bucket") return read_bucket(labels, rest, line);
    const std::set<std::string> names = read_labels(labels, line);
    expect(metric.samples.empty() || names == metric.label_names, "other labels", line);
    metric.label_names = names;
    if (suffix == "_sum") {
      expect(metric.type == "histogram", "a sample out of place", line);
      expect(metric.sums.emplace(labels, number<double>(rest, line)).second, "a sum twice", line);
      return;
    }
    expect(suffix == (metric.type == "histogram" ? "_count" : ""), "a sample out of place", line);
    const auto value = number<std::uint64_t>(rest, line);
    if (suffix == "_count") end_histogram(labels, value, line);
    expect(metric.samples.emplace(labels, value).second, "a sample twice", line);
  }

  // le is the last of the labels; the bounds and the counts grow, up to the one of +Inf.
  void read_bucket(std::string labels, std::string_view value, std::string_view line) {
    expect(page_[name_].type == "histogram", "a sample out of place", line);
    static_cast<void>(read_labels(labels, line));
    const std::size_t at = labels.rfind("le=\"");
    expect(at != labels.npos && (at == 0 || labels[at - 1] == ','), "no le", line);
    const std::string bound = labels.substr(at + 4, labels.size() - at - 5);
    const std::string others = labels.substr(0, at == 0 ? 0 : at - 1);
    expect(buckets_ == 0 || others == bucket_labels_, "buckets of another", line);
    expect(bound_ != "+Inf", "a bucket behind the last", line);
    const bool grows = buckets_ == 0 || bound == "+Inf" ||
                       number<double>(bound, line) > number<double>(bound_, line);
    const auto count = number<std::uint64_t>(value, line);
    expect(grows && count >= count_, "a bucket that does not grow", line);
    ++buckets_;
    bucket_labels_ = others;
    bound_ = bound;
    count_ = count;
  }

  void end_histogram(const std::string& labels, std::uint64_t count, std::string_view line) {
    expect(bound_ == "+Inf" && count == count_ && labels == bucket_labels_ &&
               page_[name_].sums.contains(labels),
           "a histogram without buckets or a sum", line);
    buckets_ = 0;
    count_ = 0;
    bound_.clear();
  }

  template <class Number>
  static Number number(std::string_view text, std::string_view line) {
    Number value = 0;
    const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    expect(problem == std::errc{} && at == text.data() + text.size(), "a value", line);
    return value;
  }

  // Of the histogram whose buckets are being read.
  std::size_t buckets_ = 0;
  std::string bucket_labels_;
  std::string bound_;
  std::uint64_t count_ = 0;

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

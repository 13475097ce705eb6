#include "plimsoll/native/bridge/config/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace plimsoll::bridge {

std::string Place::to_string() const {
  if (file.empty()) return key;
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (!key.empty()) text += ": " + key;
  return text;
}

void Problems::begin_file(const std::string& file) { static_cast<void>(number_of(file)); }

void Problems::add(const Place& place, std::string_view what) {
  add_line(place, place.to_string() + ": " + std::string(what));
}

void Problems::add(std::string_view option, std::string_view what) {
  add(Place{.key = std::string(option)}, what);
}

void Problems::add_line(const Place& place, std::string line) {
  ++count_;
  entries_.push_back({number_of(place.file), place.line, count_, std::move(line)});
  if (entries_.size() < 2 * problems_listed_max) return;
  // What is cut here could not be listed: at least problems_listed_max problems come before it.
  sort(entries_);
  entries_.resize(problems_listed_max);
}

std::vector<std::string> Problems::lines() const {
  std::vector<Entry> entries = entries_;
  sort(entries);
  std::vector<std::string> all;
  for (Entry& entry : entries) {
    if (all.size() == problems_listed_max) break;
    all.push_back(std::move(entry.text));
  }
  if (count_ > all.size()) all.push_back("and " + std::to_string(count_ - all.size()) + " more");
  return all;
}

// Problems of one line stay in the order in which they were found. Not std::stable_sort: Clang
// takes libstdc++ 12's for deprecated.
void Problems::sort(std::vector<Entry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& one, const Entry& other) {
    return std::tie(one.file, one.line, one.number) <
           std::tie(other.file, other.line, other.number);
  });
}

std::size_t Problems::number_of(const std::string& file) {
  if (file.empty()) return 0;
  const auto found = std::find(files_.begin(), files_.end(), file);
  if (found != files_.end()) return static_cast<std::size_t>(found - files_.begin()) + 1;
  files_.push_back(file);
  return files_.size();
}

}  // namespace plimsoll::bridge

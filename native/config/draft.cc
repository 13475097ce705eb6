#include "plimsoll/native/config/draft.h"

#include <algorithm>

#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/native/config/text/bounded_file.h"
#include "plimsoll/native/config/text/nearest.h"

namespace plimsoll::inline v0::native::config {
namespace {

constexpr std::size_t shown_size_max = 64;

bool may_be_shown(std::string_view word) {
  return word.size() <= shown_size_max &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::string wrong_value(const OptionRow& row, const Words& words) {
  const bool is_shown = words.size() == 1 && !row.secret && may_be_shown(words.front());
  std::string text = is_shown ? "is \"" + words.front() + "\"" : "is not what it should be";
  text += "; expected " + row.access.expected();
  const auto choices = row.access.choices();
  return is_shown ? text + suggestion(nearest(words.front(), choices)) : text;
}

Draft::Draft(const Configuration& base) : configuration_(base) {
  configuration_.origins.clear();
  configuration_.warnings.clear();
  for (const OptionRow& row : option_rows()) {
    if (!is_changed(configuration_, row)) continue;
    configuration_.origins.emplace(row.key, "program");
    const Words words = row.access.get(configuration_);
    Configuration other;
    // check_configuration() reports negative times; anything else that is wrong is reported here.
    if (row.access.kind == Kind::time || row.access.set(other, words)) continue;
    refuse(row, "program: " + std::string(row.key), wrong_value(row, words));
  }
}

void Draft::set(const OptionRow& row, Words words, const Said& said) {
  if (row.access.kind == Kind::path) words.front() = path_in(said.folder, words.front());
  if (!row.access.set(configuration_, words)) {
    return refuse(row, said.where, wrong_value(row, words));
  }
  configuration_.origins.insert_or_assign(std::string(row.key), said.origin);
  layers_.insert_or_assign(std::string(row.key), said.layer);
}

void Draft::refuse(const OptionRow& row, std::string_view where, std::string_view what) {
  bad_.emplace(row.key);
  problems_.add(where, what);
}

Layer Draft::layer(std::string_view key) const {
  const auto found = layers_.find(key);
  return found == layers_.end() ? Layer::base : found->second;
}

bool Draft::is_bad(std::span<const OptionRow> rows) const {
  return std::any_of(rows.begin(), rows.end(),
                     [this](const OptionRow& row) { return bad_.contains(row.key); });
}

}  // namespace plimsoll::inline v0::native::config

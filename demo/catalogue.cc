#include "plimsoll/demo/catalogue.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/demo/bad_input.h"
#include "plimsoll/demo/control_file.h"
#include "plimsoll/demo/relation.h"

namespace plimsoll::demo {
namespace {

// What goes into the hash of a package: enough to be a realistic hash, without the long texts.
constexpr std::array<std::string_view, 9> kept_fields = {
    "Package",  "Source",         "Version",    "Architecture", "Section",
    "Priority", "Installed-Size", "Maintainer", "Multi-Arch",
};

std::string_view required(const ControlFile& file, const Paragraph& paragraph,
                          std::string_view name) {
  const auto* field = paragraph.find(name);
  if (field == nullptr)
    file.fail(paragraph.line, "a package without a field '" + std::string(name) + "'");
  if (field->value.empty()) file.fail(field->line, "an empty field '" + std::string(name) + "'");
  return field->value;
}

void add_relations(const ControlFile& file, const Paragraph& paragraph, std::string_view name,
                   std::vector<std::string>& relations) {
  const auto* field = paragraph.find(name);
  if (field == nullptr) return;
  try {
    std::ranges::move(parse_relations(field->value), std::back_inserter(relations));
  } catch (const BadInput& error) {
    file.fail(field->line, std::string(name) + ": " + error.what());
  }
}

void sort_without_repeats(std::vector<std::string>& names) {
  std::ranges::sort(names);
  const auto repeats = std::ranges::unique(names);
  names.erase(repeats.begin(), repeats.end());
}

void check_installed_size(const ControlFile& file, const Paragraph& paragraph) {
  const auto* field = paragraph.find("Installed-Size");
  constexpr std::size_t digits_max = 15;  // so that sums of them stay exact
  if (field == nullptr) return;
  if (field->value.empty() || field->value.size() > digits_max ||
      field->value.find_first_not_of("0123456789") != std::string_view::npos) {
    file.fail(field->line, "Installed-Size is not a number of KiB");
  }
}

Package read_package(const ControlFile& file, const Paragraph& paragraph) {
  Package package;
  package.name = required(file, paragraph, "Package");
  package.version = required(file, paragraph, "Version");
  if (!is_package_name(package.name)) {
    file.fail(paragraph.find("Package")->line,
              in_quotes(package.name) + " is not the name of a package");
  }
  check_installed_size(file, paragraph);
  for (const auto name : kept_fields) {
    const auto* field = paragraph.find(name);
    if (field != nullptr) package.fields.emplace_back(name, field->value);
  }
  add_relations(file, paragraph, "Pre-Depends", package.depends);
  add_relations(file, paragraph, "Depends", package.depends);
  add_relations(file, paragraph, "Provides", package.provides);
  sort_without_repeats(package.depends);
  return package;
}

// "install ok installed": what is wanted, whether all is well, what is. A package that waits for
// triggers is there.
bool is_installed(const ControlFile& file, const Paragraph& paragraph) {
  const auto status = required(file, paragraph, "Status");
  const auto state = status.substr(status.rfind(' ') + 1);
  return state == "installed" || state == "triggers-pending" || state == "triggers-awaited";
}

}  // namespace

void Catalogue::add_status(const std::string& file, std::string_view text) {
  ControlFile paragraphs(file, text);
  while (const auto paragraph = paragraphs.next()) {
    if (!is_installed(paragraphs, *paragraph)) continue;
    auto package = read_package(paragraphs, *paragraph);
    package.installed = true;
    add(std::move(package));
  }
}

void Catalogue::add_list(const std::string& file, std::string_view text) {
  ControlFile paragraphs(file, text);
  while (const auto paragraph = paragraphs.next()) add(read_package(paragraphs, *paragraph));
}

std::vector<Package> Catalogue::take() {
  names_.clear();
  std::ranges::sort(packages_, {}, &Package::name);
  return std::exchange(packages_, {});
}

void Catalogue::add(Package package) {
  if (names_.insert(package.name).second) packages_.push_back(std::move(package));
}

}  // namespace plimsoll::demo

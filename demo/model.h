// The packages as the files have them, in memory: what is loaded, and what every reply is held
// against.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plimsoll/demo/package.h"

namespace plimsoll::demo {

class Model {
 public:
  /// A virtual name and the packages that provide it, both sorted. A real package may be provided
  /// by others, too.
  using Provided = std::map<std::string, std::vector<std::string>, std::less<>>;

  explicit Model(std::vector<Package> packages);
  Model(const Model&) = delete;  // the index points into the packages
  Model& operator=(const Model&) = delete;

  [[nodiscard]] const std::vector<Package>& packages() const { return packages_; }
  [[nodiscard]] const Provided& provided() const { return provided_; }

  /// A package's place in packages(), or nothing where no package has this name.
  [[nodiscard]] std::optional<std::uint32_t> index_of(std::string_view name) const;

  /// The package, or null.
  [[nodiscard]] const Package* find(std::string_view name) const;

  /// The sorted names of those that provide `name`; none where nobody does.
  [[nodiscard]] const std::vector<std::string>& providers(std::string_view name) const;

 private:
  std::vector<Package> packages_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
  Provided provided_;
};

}  // namespace plimsoll::demo

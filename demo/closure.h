// Everything that a package needs, computed from the files alone: what a walk through the server
// must arrive at.
//
// A relation "a | b" is met by the first of its names that stands for something: by the package of
// that name, else by the package with the smallest name among those that provide it. Versions do
// not matter. A relation that nothing meets is counted as missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plimsoll/demo/model.h"

namespace plimsoll::demo {

struct Closure {
  std::vector<std::uint32_t>
      members;  // places in Model::packages(), the package itself included, sorted
  std::uint64_t installed_kib = 0;  // of all members together
  std::size_t missing_count = 0;    // relations of members that nothing meets
  bool cyclic = false;              // another member needs the package in turn
};

class Closures {
 public:
  /// Resolves every relation once. The model must outlive this.
  explicit Closures(const Model& model);

  [[nodiscard]] Closure of(std::uint32_t package);

 private:
  struct Node {
    std::vector<std::uint32_t> needs;
    std::size_t missing_count = 0;
    std::uint64_t installed_kib = 0;
  };

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> reached_in_;  // the round in which a package was reached last
  std::uint32_t round_ = 0;
};

/// Which packages to walk: every installed one, then others in an order that is mixed but always
/// the same, for as long as the closures stay under `visits_max` members altogether.
struct Plan {
  std::vector<std::uint32_t> packages;
  std::size_t installed_count = 0;
  std::size_t visits_count = 0;
};
Plan plan_walks(const Model& model, Closures& closures, std::size_t visits_max);

}  // namespace plimsoll::demo

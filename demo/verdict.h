// Holds every reply against the model, and keeps count. The first complaints are kept as text, the
// rest are counted.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plimsoll/demo/closure.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/request.h"
#include "plimsoll/demo/walk.h"

namespace plimsoll::demo {

class Verdict {
 public:
  static constexpr std::size_t complaints_max = 5;

  explicit Verdict(const Model& model) : model_(model) {}

  void check(const Request& request, const Reply& reply);

  /// Whether a walk from `root` has found just the closure that the files give.
  void check(const Package& root, const Walk::Findings& found, const Closure& expected);

  [[nodiscard]] std::size_t replies_count() const { return replies_count_; }
  [[nodiscard]] std::size_t closures_count() const { return closures_count_; }
  [[nodiscard]] std::size_t wrong_count() const { return wrong_count_; }
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void complain(std::string complaint);

  const Model& model_;
  std::size_t replies_count_ = 0;
  std::size_t closures_count_ = 0;
  std::size_t wrong_count_ = 0;
  std::vector<std::string> complaints_;
};

/// Whether the server, loaded from the model, had to answer the request just so.
bool is_right(const Model& model, const Request& request, const Reply& reply);

}  // namespace plimsoll::demo

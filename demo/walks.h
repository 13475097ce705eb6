// Many walks at once: each new one begins as soon as those under way have nothing left to ask, so
// that requests of dozens of walks share the window. A walk that is done is held against the
// closure that the files give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "plimsoll/demo/closure.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/verdict.h"
#include "plimsoll/demo/walk.h"
#include "plimsoll/demo/work.h"

namespace plimsoll::demo {

class Walks : public Work {
 public:
  /// `roots` are places in model.packages(). All must outlive this.
  Walks(const Model& model, Closures& closures, Verdict& verdict,
        std::span<const std::uint32_t> roots);

  std::optional<Request> next() override;
  void handle_reply(const Request& request, const Reply& reply) override;

  struct Summary {
    std::size_t walks_count = 0;
    std::size_t visits_count = 0;  // members of all closures together
    std::size_t missing_count = 0;
    std::size_t cyclic_count = 0;  // walks that came back to where they began
    std::uint32_t largest = 0;     // the package with the most members,
    std::size_t largest_members = 0;
    std::uint64_t largest_installed_kib = 0;
    std::vector<std::uint32_t> visits;  // of each package
  };
  [[nodiscard]] const Summary& summary() const { return summary_; }

 private:
  void take_questions(std::uint32_t root, Walk& walk);
  void finish(std::uint32_t root, const Walk::Findings& findings);

  const Model& model_;
  Closures& closures_;
  Verdict& verdict_;
  std::span<const std::uint32_t> roots_;  // that no walk has begun from yet
  std::unordered_map<std::uint32_t, Walk> walks_;
  std::deque<Request> requests_;
  Summary summary_;
};

}  // namespace plimsoll::demo

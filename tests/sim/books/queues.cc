#include "plimsoll/tests/sim/books/queues.h"

namespace plimsoll::sim {

void Queues::note_taken(RequestNumber number, std::string_view element) {
  if (element.empty()) return;
  require(elements_.emplace(element).second, "an element is taken once", number);
  require(!taken_.contains(number), "one that waits takes one element", number);
  require(claims_[number] != Claim::took_nothing,
          "what was said to have taken nothing takes nothing later", number);
  taken_.emplace(number, element);
}

void Queues::note_told(RequestNumber number, std::string_view element, bool truthful) {
  if (!truthful) return;
  const auto taken = taken_.find(number);
  if (element.empty()) {
    require(taken == taken_.end(), "an element that was taken is told", number);
    claims_[number] = Claim::took_nothing;
  } else {
    require(taken != taken_.end() && taken->second == element,
            "an element is told to the one for whom it was taken", number);
  }
}

void Queues::note_ended(RequestNumber number, Executed executed, bool truthful) {
  if (executed != Executed::no || !truthful) return;
  require(!taken_.contains(number), "what is said to have taken nothing took nothing", number);
  claims_[number] = Claim::took_nothing;
}

}  // namespace plimsoll::sim

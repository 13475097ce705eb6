#include "plimsoll/native/driver/tried_addresses.h"

#include <utility>

namespace plimsoll::native {

void TriedAddresses::note(SeedId seed, std::string what) {
  said_.resize(target_.endpoints.size());
  said_[static_cast<std::size_t>(seed)] = std::move(what);
}

std::string TriedAddresses::to_string() const {
  std::string all;
  for (const std::string& each : said_) {
    if (each.empty()) continue;
    if (!all.empty()) all += "; ";
    all += each;
  }
  return all;
}

}  // namespace plimsoll::native

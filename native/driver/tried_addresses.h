#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/options.h"

namespace plimsoll::native {

/// What came of the last attempt at each address of a client that has several, so that an error can
/// say it of all of them. Used only in the client's turns.
class TriedAddresses {
 public:
  /// `target` must outlive this.
  explicit TriedAddresses(const Target& target) : target_(target) {}

  /// Whether there is anything to note: the only address is in each error anyway.
  bool are_several() const { return target_.endpoints.size() > 1; }

  /// `what` begins with the address.
  void note(SeedId seed, std::string what);

  /// The client is connected: what was tried before matters no more.
  void clear() { said_.clear(); }

  /// "10.0.0.1:6379: Connection refused; 10.0.0.2:6379: the server is a replica", in the order of
  /// the addresses.
  std::string to_string() const;

 private:
  const Target& target_;
  std::vector<std::string> said_;  // by the number of the address
};

}  // namespace plimsoll::native

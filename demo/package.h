// What the demo knows of one Debian package: the part of its paragraph that goes to the server and
// comes back.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::demo {

struct Package {
  std::string name;
  std::string version;
  bool installed = false;
  // The fields that become the hash, "Package" and "Version" among them, in the paragraph's order.
  // Field names are few and the same for all, so they are views of constants.
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::vector<std::string> depends;   // Pre-Depends and Depends, as parse_relations() gives them
  std::vector<std::string> provides;  // names of virtual packages
};

}  // namespace plimsoll::demo

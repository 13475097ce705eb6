// Debian's relationship fields (Depends, Pre-Depends, Provides): "a (>= 1) | b:any, c [amd64]"
// (Debian Policy, 7.1).
//
// The demo asks which packages belong together, not which versions, so that what restricts a name
// is checked for its form and dropped: ":any", "(>= 1)", "[amd64]", "<!nocheck>".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::demo {

/// Reads a whole field into its relations, each as "a | b": the names of the alternatives in order,
/// without repeats. The relations come sorted and without repeats. Throws BadInput (which cannot
/// know file and line).
std::vector<std::string> parse_relations(std::string_view field);

/// The names in a relation as parse_relations() writes it; views into it.
std::vector<std::string_view> alternatives(std::string_view relation);

/// Whether dpkg would accept this as the name of a package.
bool is_package_name(std::string_view name);

}  // namespace plimsoll::demo

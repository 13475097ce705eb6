#pragma once

#include <string>
#include <string_view>

// Says what is wrong with the rules of a profile, one by one, with the name that may be meant.

namespace plimsoll::bridge {

/// What is wrong with a rule of `allow` or `deny`, or nothing: "'gett' is not a command". Quotes
/// only what could be a name, because any other text may be a secret in the wrong place.
std::string problem_of_rule(std::string_view rule);

/// The same for a rule of `allow_unsafe`.
std::string problem_of_unsafe_rule(std::string_view rule);

/// "; did you mean get?" for a rule that is wrong, or nothing. Compares the rule with all names.
std::string suggestion_for_rule(std::string_view rule);

}  // namespace plimsoll::bridge

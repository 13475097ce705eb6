// What the demo asks of the server and what comes back, as values: so that the walk, the window and
// the checks know no client, and tests can answer from a map.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace plimsoll::demo {

/// The four kinds of key.
enum class Topic {
  version,  // package:<name>          a string: its version
  fields,   // package:<name>:fields   a hash: what its paragraph says
  depends,  // package:<name>:depends  a set: its relations, as "a | b"; no key where there are none
  providers,  // provides:<name>         a set: the packages that provide this virtual one
};

enum class Verb { write, read, remove };

struct Request {
  Verb verb{};
  Topic topic{};
  std::string name;        // of the package or virtual package
  std::uint32_t walk = 0;  // which walk asks; otherwise unused
};

using Fields = std::unordered_map<std::string, std::string>;
using Members = std::vector<std::string>;

/// SET gives nothing, GET a string or nil, HGETALL fields, SMEMBERS members, all others a count.
using Reply =
    std::variant<std::monostate, std::int64_t, std::optional<std::string>, Fields, Members>;

/// The command that a request becomes.
std::string_view command_of(const Request& request);

/// The key that a request is about, behind a prefix that keeps the demo's keys apart from others'.
std::string key_of(std::string_view prefix, const Request& request);

}  // namespace plimsoll::demo

#include "plimsoll/native/bridge/config/rule_check.h"

#include <string>
#include <string_view>
#include <variant>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/bridge/gate/policy.h"

// What is said of a single rule.

namespace plimsoll::testing::rule_check_test {
namespace {

using bridge::Policy;
using bridge::problem_of_rule;
using bridge::problem_of_unsafe_rule;
using bridge::suggestion_for_rule;

bool is_policy(const bridge::Rules& rules) {
  const auto made = Policy::create(rules);
  return std::holds_alternative<Policy>(made);
}

TEST_CASE("a rule is right if the policy takes it") {
  for (const commands::Row& row : commands::all_rows()) {
    const std::string name(row.name_view());
    CAPTURE(name);
    CHECK(problem_of_rule(name).empty());
    CHECK(problem_of_unsafe_rule(name).empty() == is_policy({.allow_unsafe = {name}}));
  }
  for (const std::string name : {"@read", "@ALL", "Config", "client|ID"}) {
    CAPTURE(name);
    CHECK(problem_of_rule(name).empty());
    CHECK(is_policy({.allow = {name}}));
  }
  for (const std::string name : {"gett", "@reed", "@", "", "get set", "config|", "+get", "read"}) {
    CAPTURE(name);
    CHECK_FALSE(problem_of_rule(name).empty());
    CHECK_FALSE(is_policy({.allow = {name}}));
    CHECK_FALSE(problem_of_unsafe_rule(name).empty());
  }
}

TEST_CASE("a rule that is nearly right is told the right one") {
  const auto nearest = [](std::string_view rule) {
    const std::string begin = "; did you mean ";
    const std::string text = suggestion_for_rule(rule);
    if (!text.starts_with(begin)) return text;
    return text.substr(begin.size(), text.size() - begin.size() - 1);
  };
  CHECK(nearest("gett") == "get");
  CHECK(nearest("HGETAL") == "hgetall");
  CHECK(nearest("@reed") == "@read");
  CHECK(nearest("config|gett") == "config|get");
  CHECK(nearest("read") == "@read");
  CHECK(nearest("@get") == "get");
  CHECK(nearest("config get") == "config|get");
  CHECK(nearest("config gett") == "config|get");
  CHECK(nearest("get set") == "; each rule has quotes of its own");
  CHECK(nearest("get,set") == "; each rule has quotes of its own");
  CHECK(nearest("+@read") == "@read");
  CHECK(nearest("*") == "@all");
  CHECK(nearest("allcommands") == "@all");
  CHECK(nearest("hunter2hunter2").empty());
  CHECK(nearest(std::string(100'000, 'a')).empty());
  CHECK(nearest("-@dangerous") == "; what a profile may not do belongs in deny, without the -");
}

TEST_CASE("what is no name is not repeated") {
  CHECK(problem_of_rule("hunter2!").find("hunter2") == std::string::npos);
  CHECK(problem_of_rule(std::string(65, 'a')).find("aaa") == std::string::npos);
  CHECK(problem_of_rule(std::string(64, 'a')).find("aaa") != std::string::npos);
  CHECK(problem_of_unsafe_rule("hunter2!").find("hunter2") == std::string::npos);
}

}  // namespace
}  // namespace plimsoll::testing::rule_check_test

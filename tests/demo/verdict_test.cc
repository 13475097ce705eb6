#include "plimsoll/demo/verdict.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::demo::verdict_test {
namespace {

Model model_of_one() {
  Package package;
  package.name = "a";
  package.version = "1.0";
  package.fields = {{"Package", "a"}, {"Version", "1.0"}};
  package.depends = {"b", "c | d"};
  package.provides = {"virtual"};
  return Model({package});
}

Request read(Topic topic, std::string name = "a") { return {Verb::read, topic, std::move(name)}; }
Request write(Topic topic, std::string name = "a") { return {Verb::write, topic, std::move(name)}; }
Reply text(std::optional<std::string> text) { return text; }
Reply count(std::int64_t count) { return count; }

TEST_CASE("a version has to be that of the files, and nil where there is no package") {
  const auto model = model_of_one();

  CHECK(is_right(model, read(Topic::version), text("1.0")));
  CHECK_FALSE(is_right(model, read(Topic::version), text("1.1")));
  CHECK_FALSE(is_right(model, read(Topic::version), text(std::nullopt)));
  CHECK_FALSE(is_right(model, read(Topic::version), count(1)));
  CHECK(is_right(model, read(Topic::version, "b"), text(std::nullopt)));
  CHECK_FALSE(is_right(model, read(Topic::version, "b"), text("")));
}

TEST_CASE("fields may come in any order, but just these") {
  const auto model = model_of_one();
  const auto fields = [&](Fields fields) {
    return is_right(model, read(Topic::fields), Reply(std::move(fields)));
  };

  CHECK(fields({{"Package", "a"}, {"Version", "1.0"}}));
  CHECK(fields({{"Version", "1.0"}, {"Package", "a"}}));
  CHECK_FALSE(fields({{"Package", "a"}}));
  CHECK_FALSE(fields({{"Package", "a"}, {"Source", "1.0"}}));
  CHECK_FALSE(fields({{"Package", "a"}, {"Version", "1.1"}}));
  CHECK_FALSE(fields({{"Package", "a"}, {"Version", "1.0"}, {"Section", "x"}}));
}

TEST_CASE("members may come in any order, but just these") {
  const auto model = model_of_one();
  const auto members = [&](Topic topic, const std::string& name, Members members) {
    return is_right(model, read(topic, name), Reply(std::move(members)));
  };

  CHECK(members(Topic::depends, "a", {"c | d", "b"}));
  CHECK_FALSE(members(Topic::depends, "a", {"b"}));
  CHECK_FALSE(members(Topic::depends, "a", {"b", "b"}));
  CHECK(members(Topic::providers, "virtual", {"a"}));
  CHECK(members(Topic::providers, "none", {}));
  CHECK_FALSE(members(Topic::providers, "none", {"a"}));
}

TEST_CASE("a write has to have made everything new") {
  const auto model = model_of_one();

  CHECK(is_right(model, write(Topic::version), Reply()));
  CHECK(is_right(model, write(Topic::fields), count(2)));
  CHECK_FALSE(is_right(model, write(Topic::fields), count(1)));
  CHECK(is_right(model, write(Topic::depends), count(2)));
  CHECK_FALSE(is_right(model, write(Topic::depends), count(0)));
  CHECK(is_right(model, write(Topic::providers, "virtual"), count(1)));
}

TEST_CASE("the first complaints are kept, all are counted") {
  const auto model = model_of_one();
  Verdict verdict(model);

  for (int round = 0; round < 8; ++round) verdict.check(read(Topic::version), text("2"));
  verdict.check(read(Topic::version), text("1.0"));

  CHECK(verdict.replies_count() == 9);
  CHECK(verdict.wrong_count() == 8);
  REQUIRE(verdict.complaints().size() == Verdict::complaints_max);
  CHECK(verdict.complaints()[0] == "GET package:a gave '2', not what the files say");
}

}  // namespace
}  // namespace plimsoll::demo::verdict_test

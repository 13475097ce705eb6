#include "plimsoll/core/base/result.h"

#include <memory>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/base/failed_check.h"

namespace plimsoll::testing::result_test {
namespace {

const Error sample{.code = ErrorCode::closed, .what = "sample"};

TEST_CASE("a result is a value or an error") {
  const Result<int> value = 7;
  CHECK(value.ok());
  CHECK(static_cast<bool>(value));
  CHECK(*value == 7);
  const Result<int> error = sample;
  CHECK_FALSE(error.ok());
  CHECK_FALSE(static_cast<bool>(error));
  CHECK(error.error().code == ErrorCode::closed);
}

TEST_CASE("a result gives its value away, also one that only moves") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 7);
  Result<std::string> text = std::string("ship");
  text->append("s");
  const std::string ships = std::move(text).value();
  CHECK(ships == "ships");
}

TEST_CASE("a status is success or an error") {
  CHECK(Status().ok());
  CHECK_FALSE(Status(sample).ok());
  CHECK(Status(sample).error().code == ErrorCode::closed);
}

TEST_CASE("asking for what is not there fails a CHECK") {
  CHECK_FALSE(failed_check([] { static_cast<void>(Result<int>(sample).value()); }).empty());
  CHECK_FALSE(failed_check([] { static_cast<void>(Result<int>(7).error()); }).empty());
  CHECK_FALSE(failed_check([] { static_cast<void>(Status().error()); }).empty());
}

}  // namespace
}  // namespace plimsoll::testing::result_test

#include "plimsoll/core/session/earlier_answers.h"

#include <catch2/catch_test_macros.hpp>

// What the answers before the last one say of a request of several commands.

namespace plimsoll::testing::earlier_answers_test {
namespace {

TEST_CASE("a request has earlier answers once one was noted, and only that request") {
  EarlierAnswers answers;
  CHECK_FALSE(answers.has_some(0));
  CHECK(answers.note(7));
  CHECK_FALSE(answers.note(7));
  CHECK(answers.has_some(7));
  CHECK_FALSE(answers.has_some(8));
  CHECK(answers.note(8));
  CHECK_FALSE(answers.has_some(7));
  answers.clear();
  CHECK_FALSE(answers.has_some(8));
}

TEST_CASE("commands ran one by one if the first of three or more was refused") {
  EarlierAnswers answers;
  answers.note(1);
  CHECK_FALSE(answers.was_multi_refused(1));
  answers.note_first_refused(2);
  CHECK(answers.was_multi_refused(1));
  answers.note(1);
  CHECK(answers.was_multi_refused(1));
  CHECK_FALSE(answers.was_multi_refused(2));
  answers.note(2);
  CHECK_FALSE(answers.was_multi_refused(2));
}

TEST_CASE("a refused ASKING is no refused MULTI") {
  EarlierAnswers answers;
  answers.note(1);
  answers.note_first_refused(1);
  CHECK_FALSE(answers.was_multi_refused(1));
}

}  // namespace
}  // namespace plimsoll::testing::earlier_answers_test

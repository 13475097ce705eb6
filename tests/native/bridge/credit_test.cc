// Messages of the subprotocol with credits, cut anywhere.

#include "plimsoll/native/bridge/relay/credit.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bridge::credit_test {
namespace {

using Problem = CreditReader::Problem;

// Takes a message that arrives in two parts.
std::string take(CreditReader& reader, std::string_view message, std::size_t cut) {
  std::string data;
  if (cut > 0) data += reader.take(message.substr(0, cut), false);
  return data + std::string(reader.take(message.substr(cut), true));
}

TEST_CASE("data loses its type byte, wherever it is cut") {
  const std::string message("\0PING", 5);
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    CreditReader reader;
    CHECK(take(reader, message, cut) == "PING");
    CHECK(take(reader, message, cut) == "PING");
    CHECK(reader.problem() == Problem::none);
  }
}

TEST_CASE("credits add up") {
  const std::string message("\1\x10\x27\0\0", 5);
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    CreditReader reader;
    CHECK(take(reader, message, cut).empty());
    CHECK(reader.left() == 10'000);
    take(reader, message, cut);
    reader.use(5'000);
    CHECK(reader.left() == 15'000);
  }
}

TEST_CASE("at most credit_max is granted at a time") {
  CreditReader reader;
  take(reader, std::string("\1\xff\xff\xff\x7f", 5), 0);
  CHECK(reader.problem() == Problem::none);
  CHECK(reader.left() == credit_max);
  take(reader, std::string("\1\1\0\0\0", 5), 0);
  CHECK(reader.problem() == Problem::bad_credit);
}

TEST_CASE("after a problem nothing is taken") {
  CreditReader reader;
  CHECK(reader.take("\7x", true).empty());
  CHECK(reader.problem() == Problem::unknown_type);
  CHECK(reader.take(std::string_view("\0x", 2), true).empty());
}

}  // namespace
}  // namespace plimsoll::bridge::credit_test

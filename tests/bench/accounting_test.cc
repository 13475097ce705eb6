#include "plimsoll/bench/memory/accounting.h"

#include <fstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::bench::accounting_test {
namespace {

// A client charges for a block (30 of its own, 20 in malloc) by way of Budget (7), and works (100).
constexpr const char* profile = R"(# callgrind format
events: Ir
fn=(1) main
10 100
cfn=(2) plimsoll::Block::allocate(plimsoll::Account&, unsigned long)
calls=3 0
10 57
fn=(2)
20 30
cfn=(3) plimsoll::Budget::charge(plimsoll::Account&, unsigned long)
calls=3 0
+1 7
cfn=(4) plimsoll::native::MappedMemory::allocate_block(unsigned long)
calls=3 0
* 20
fn=(3)
30 7
fn=(4)
40 20

totals: 157
)";

TEST_CASE("what accounts cost is counted where they are called, and without the memory itself") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/callgrind";
  std::ofstream(path) << profile;

  const AccountingCosts costs = read_callgrind(path);

  CHECK(costs.total == 157);
  CHECK(costs.accounting == 37);
  CHECK(costs.doors == 20);
}

}  // namespace
}  // namespace plimsoll::bench::accounting_test

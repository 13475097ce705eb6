#include "plimsoll/bench/memory/accounting.h"

#include <array>
#include <fstream>
#include <string_view>
#include <unordered_map>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

enum class Kind { other, accounts, door };

// What has to be paid for memory anyhow, accounts or not. How much a block takes is asked for the
// accounts' sake.
bool is_door(std::string_view name) {
  return name.starts_with("plimsoll::native::MappedMemory::") &&
         name.find("::block_footprint") == name.npos;
}

bool is_accounts(std::string_view name) {
  constexpr std::array prefixes = {
      "plimsoll::Account::",
      "plimsoll::AccountHandle::",
      "plimsoll::Block::",
      "plimsoll::Budget::",
      "plimsoll::Charge::",
      "plimsoll::Ledger::",
      "plimsoll::Line::",
      "plimsoll::PagePool::",
      "plimsoll::ProgressReserve::",
      "plimsoll::acquire_segment(",
      "plimsoll::hold(",
      "plimsoll::release(plimsoll::Segment",
      "plimsoll::native::MappedMemory::block_footprint",
  };
  for (const std::string_view prefix : prefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

Kind kind_of(std::string_view name) {
  return is_door(name) ? Kind::door : is_accounts(name) ? Kind::accounts : Kind::other;
}

// Names come once, with a number in parentheses that stands for them from then on.
class Functions {
 public:
  // "(12) plimsoll::Budget::charge(...)", or "(12)".
  Kind read(std::string_view text) {
    const auto end = text.find(')');
    if (!text.starts_with('(') || end == text.npos) fail("callgrind wrote a name", text);
    const std::string number(text.substr(0, end));
    if (end + 2 < text.size()) kinds_[number] = kind_of(text.substr(end + 2));
    return kinds_[number];
  }

 private:
  std::unordered_map<std::string, Kind> kinds_;
};

// The last number of "16 400", "+3 400", "* 400".
std::uint64_t cost_of(const std::string& line) {
  const auto space = line.rfind(' ');
  return space == line.npos ? 0 : std::stoull(line.substr(space + 1));
}

bool cut(std::string_view& line, std::string_view label) {
  if (!line.starts_with(label)) return false;
  line.remove_prefix(label.size());
  return true;
}

}  // namespace

AccountingCosts read_callgrind(const std::string& path) {
  std::ifstream file(path);
  AccountingCosts costs;
  Functions functions;
  Kind caller = Kind::other;
  Kind callee = Kind::other;
  for (std::string line; std::getline(file, line);) {
    std::string_view rest = line;
    if (cut(rest, "fn=")) {
      caller = functions.read(rest);
    } else if (cut(rest, "cfn=")) {
      callee = functions.read(rest);
    } else if (cut(rest, "summary: ") || cut(rest, "totals: ")) {
      costs.total = std::stoull(std::string(rest));
    } else if (cut(rest, "calls=")) {
      // What the call cost, with all that was called from there, is in the line that follows.
      if (!std::getline(file, line)) break;
      if (caller == Kind::other && callee == Kind::accounts) costs.accounting += cost_of(line);
      if (caller == Kind::accounts && callee == Kind::door) costs.doors += cost_of(line);
    }
  }
  if (costs.total == 0 || costs.accounting < costs.doors) fail("not understood", path);
  costs.accounting -= costs.doors;
  return costs;
}

}  // namespace plimsoll::bench

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/bridge/gate/rules.h"
#include "plimsoll/native/bridge/gate/verdict.h"

// Decides which requests of a profile pass: its Rules, resolved once, and asked for every request
// of all of the profile's connections, from any thread. Refuses everything that it does not
// understand.
//
// The policy sees only the words of a request. A profile that allows scripts or functions (possible
// only without key_prefixes) therefore allows all that the server's user may do in them, in any
// database.

namespace plimsoll::bridge {

/// Why rules cannot be made into a policy: "allow: '@reed' is not a category of commands".
struct RuleProblem {
  std::string text;
};

class Policy {
 public:
  static std::variant<Policy, RuleProblem> create(const Rules& rules);

  /// Whether a command of these words passes. `row` is its row of the command table, null if there
  /// is none. Allocates nothing.
  Verdict judge(const commands::Row* row, std::span<const std::string_view> words) const;
  Verdict judge(std::span<const std::string_view> words) const {
    return judge(commands::find(words), words);
  }

  /// Whether no key of the command is longer than key_bytes_max(). Only a request that is longer
  /// itself need be asked about. Where the table cannot tell the keys, each word counts as one.
  Verdict judge_long_keys(const commands::Row& row, std::span<const std::string_view> words) const;

  std::size_t key_bytes_max() const { return key_bytes_max_; }

 private:
  using Words = std::span<const std::string_view>;

  Policy() = default;

  Verdict judge_unsafe(const commands::Row& row) const;
  Verdict judge_unknown(std::string_view name) const;
  Verdict judge_tracking(const commands::Row& row, Words words) const;
  Verdict judge_by_rules(const commands::Row& row, Words words) const;
  Verdict judge_channels(const commands::Row& row, Words words) const;
  Verdict judge_keys(const commands::Row& row, Words words) const;
  Verdict judge_databases(const commands::Row& row, Words words) const;
  Verdict judge_database(const commands::Row& row, std::string_view number) const;

  // Each has one entry for each row of the command table.
  std::vector<bool> allowed_rows_;
  std::vector<bool> rows_with_subcommands_;
  std::vector<bool>
      unsafe_rows_;  // commands that no profile gets by `allow`; see Rules::allow_unsafe
  std::size_t key_bytes_max_ = 0;
  bool allows_unknown_ = false;
  bool allows_all_channels_ = false;
  std::vector<std::string> key_prefixes_;
  std::vector<std::string> channel_prefixes_;
  std::vector<std::uint32_t> databases_;
};

}  // namespace plimsoll::bridge

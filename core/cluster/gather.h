#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/split.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0 {

/// Makes one answer of the answers to the parts of a request, as commands::Spread says. What it
/// keeps meanwhile is charged to the account that pays for replies.
class Gather {
 public:
  /// `payer` must outlive this. The answer, and what is kept for it, may have `bytes_max` bytes.
  /// `random` decides whose answer is taken where any will do.
  Gather(commands::Spread spread, Account& payer, std::size_t bytes_max, std::uint64_t random)
      : spread_(spread), payer_(payer), bytes_max_(bytes_max), random_(random) {}
  Gather(const Gather&) = delete;
  Gather& operator=(const Gather&) = delete;
  ~Gather();

  /// The answer to one part, which is no error. `keys`: those of the part; from now on they say
  /// where their values are. Fails with wrong_type, if the answer is none that can be joined with
  /// the others, and with reply_too_large. Then the request has failed.
  Status add(const Value& answer, std::span<SplitKey> keys);

  /// The same for nodes_map. `value`: a node's answer, which may be an error; `address`: of the
  /// node.
  Status add_of_node(const NodeAddress& address, const Value& value);

  /// How many answers were added.
  std::size_t count() const { return count_; }

  /// The one answer as RESP3, once all were added. Valid as long as this. `keys`: all of the
  /// request; they are sorted anew. Fails with reply_too_large.
  Result<std::string_view> finish(std::span<SplitKey> keys);

  /// Keeps `value` as the answer, in place of one that is kept already.
  Status keep(const Value& value);
  /// Room for an answer of `size` bytes, for the caller to write; null if there is none.
  char* make_answer(std::size_t size);

 private:
  // A chunk of values, with its bytes behind it.
  struct Chunk {
    Box<Chunk> next{};
    std::size_t size = 0;
    std::size_t capacity = 0;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };

  // The first chunk is small, because most answers are.
  static constexpr std::size_t first_chunk_bytes = 512;
  static constexpr std::size_t chunk_bytes = 4096;

  Status add_elements(const Value& answer);
  Status add_values(const Value& answer, std::span<SplitKey> keys);
  Status add_numbers(const Value& answer);
  Status join(std::int64_t& sum, std::int64_t number) const;
  Result<std::string_view> finish_values(std::span<SplitKey> keys);
  Result<std::string_view> finish_elements(char type);
  Result<std::string_view> finish_numbers();
  char* room(std::size_t size);
  std::span<std::int64_t> numbers() {
    return {static_cast<std::int64_t*>(numbers_.data()), numbers_count_};
  }
  bool draw();

  const commands::Spread spread_;
  Account& payer_;
  const std::size_t bytes_max_;
  SmallRandom random_;
  std::size_t count_ = 0;
  std::size_t elements_ = 0;  // that are kept, or among which one was drawn
  std::size_t kept_bytes_ = 0;
  Box<Chunk> chunks_{};  // the newest first
  bool is_one_number_ = false;
  std::size_t numbers_count_ = 0;
  Block numbers_{};
  Block answer_{};
  std::size_t answer_bytes_ = 0;
};

}  // namespace plimsoll::inline v0

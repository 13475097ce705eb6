#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/resp/error_reply.h"

// The commands of a transaction as they will be sent, MULTI and EXEC around them, while they are
// queued and while they are under way. The requests pool pays for each before it is copied; what
// bounds them is that pool, and transaction_commands_max.

namespace plimsoll::native {

class QueuedCommands {
 public:
  /// The account has to outlive what is queued on it, as it does with every charge on it.
  QueuedCommands(Account& requests, std::uint64_t transaction)
      : requests_(requests), transaction_(transaction) {}
  QueuedCommands(const QueuedCommands&) = delete;
  QueuedCommands& operator=(const QueuedCommands&) = delete;

  /// Copies the command. False: the requests pool has no room for it, and nothing has changed.
  [[nodiscard]] bool add(const CommandView& command);

  std::uint64_t transaction() const { return transaction_; }
  std::size_t count() const { return count_; }

  /// All of them as one request, which is answered count() + 2 times. Refers to this object, and to
  /// `rest`, which lives as long as the view.
  CommandView request(ArgumentList& rest) const;

  /// The name of the command at this place, counted from 1.
  std::string_view name_of(std::size_t place) const;

  /// Calls `visit(std::string_view name)` for each command, in order.
  template <class Visit>
  void for_each_name(Visit&& visit) const {
    for (const Chunk& chunk : chunks_) {
      std::string_view bytes = chunk.bytes();
      if (&chunk == &chunks_.front()) skip_command(bytes);  // MULTI
      while (!bytes.empty()) visit(skip_command(bytes));
    }
  }

 private:
  // Whole commands, one behind the other.
  struct Chunk {
    Block block;
    std::size_t used = 0;

    std::string_view bytes() const { return {static_cast<const char*>(block.data()), used}; }
    std::size_t room() const { return block.size() - used; }
    void append(const CommandView& command);
  };

  bool add_chunk(std::size_t bytes);
  /// Cuts a command off, and returns its name.
  static std::string_view skip_command(std::string_view& encoded);
  static void walk_rest(const ArgumentList& list, const ArgumentSink& sink);

  Account& requests_;
  const std::uint64_t transaction_;
  std::size_t count_ = 0;
  std::vector<Chunk> chunks_;
};

/// Who may have answered a command of this name, alone, with an error.
Speaker speaker_for(std::string_view name);

}  // namespace plimsoll::native

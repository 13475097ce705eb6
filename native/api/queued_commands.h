#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/resp/error_reply.h"

// The commands of a transaction, encoded as they will be sent between MULTI and EXEC. Kept while
// they are queued and while the transaction is under way. The requests pool pays for each command
// before it is copied; that pool and transaction_commands_max are the bounds.

namespace plimsoll::inline v0::native {

/// The commands that a transaction has queued, as bytes for the server.
class QueuedCommands {
 public:
  /// `requests` must outlive this object, as an account must outlive every charge on it.
  QueuedCommands(Account& requests, std::uint64_t transaction)
      : requests_(requests), transaction_(transaction) {}
  QueuedCommands(const QueuedCommands&) = delete;
  QueuedCommands& operator=(const QueuedCommands&) = delete;

  /// Copies the command. Returns false, and changes nothing, if the requests pool has no room for
  /// it.
  [[nodiscard]] bool add(const CommandView& command);

  std::uint64_t transaction() const { return transaction_; }
  std::size_t count() const { return count_; }

  /// Returns all commands as one request, with MULTI and EXEC: the server answers it with count() +
  /// 2 replies. The view refers to this object and to `rest`, which must live as long as the view.
  CommandView request(ArgumentList& rest) const;

  /// Returns the name of the command at `place`, counted from 1.
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
  // Whole commands, one after the other. No command is split between two chunks.
  struct Chunk {
    Block block;
    std::size_t used = 0;

    std::string_view bytes() const { return {static_cast<const char*>(block.data()), used}; }
    std::size_t room() const { return block.size() - used; }
    void append(const CommandView& command);
  };

  bool add_chunk(std::size_t bytes);
  /// Removes the first command from `encoded`, and returns its name.
  static std::string_view skip_command(std::string_view& encoded);
  static void walk_rest(const ArgumentList& list, const ArgumentSink& sink);

  Account& requests_;
  const std::uint64_t transaction_;
  std::size_t count_ = 0;
  std::vector<Chunk> chunks_;
};

/// Says who may have written an error reply to a command of this name: the server, a script or a
/// module.
Speaker speaker_for(std::string_view name);

}  // namespace plimsoll::inline v0::native

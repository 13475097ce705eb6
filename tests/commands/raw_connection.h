#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {

/// A connection to a server without the client under test: RESP2, as any connection is at first,
/// one command at a time. Its replies are read by the core's parser.
class RawConnection {
 public:
  /// Throws std::runtime_error where nobody listens.
  explicit RawConnection(const std::string& socket_path);

  /// Sends the command and leaves its reply unread.
  void send(std::span<const std::string> words);

  /// Sends the command; its reply lives until the next call. Throws std::runtime_error where none
  /// comes.
  Value call(std::span<const std::string> words);

 private:
  HeapMemory memory_;
  Budget budget_;
  AccountHandle account_;
  Reader reader_;
  Descriptor socket_;
};

}  // namespace plimsoll::testing

#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/resp/reader.h"

namespace plimsoll::testing {

/// The value that the bytes of one reply stand for, read as a client reads it: in the buffers that
/// it came in.
class WireValue {
 public:
  explicit WireValue(std::string_view bytes)
      : budget_(BudgetOptions(), memory_),
        account_(budget_.open_account(PoolKind::replies)),
        reader_(*account_, ReaderOptions()) {
    auto poll = reader_.next(true);
    while (poll == Reader::Poll::need_more && !bytes.empty()) {
      const std::span<char> space = reader_.read_space();
      const std::size_t count = std::min(space.size(), bytes.size());
      std::copy_n(bytes.data(), count, space.data());
      bytes.remove_prefix(count);
      reader_.handle_read(count);
      poll = reader_.next(true);
    }
    if (poll != Reader::Poll::frame) throw std::invalid_argument("not one reply");
  }

  Value operator*() const { return reader_.value(); }

  /// Takes the reply along, once.
  plimsoll::Reply keep() { return *reader_.keep(); }

 private:
  HeapMemory memory_;
  Budget budget_;
  AccountHandle account_;
  Reader reader_;
};

}  // namespace plimsoll::testing

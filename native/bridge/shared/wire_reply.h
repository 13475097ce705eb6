#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/native/bridge/shared/reply_encoder.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/reply.h"
#include "plimsoll/result.h"
#include "plimsoll/transaction_replies.h"

// A reply as the bytes that a server would send. A call of the native client may end with one, as
// with any other type (`receive()`).

namespace plimsoll::bridge {

class WireReply {
 public:
  WireReply() = default;
  /// To be received; `is_resp3`: of the client that receives it.
  explicit WireReply(bool is_resp3) : is_resp3_(is_resp3) {}

  /// A copy of these bytes. Without room in the account nothing is left() of it.
  static WireReply of(std::string_view bytes, Account& account);

  /// The reply to EXEC. Null if a watched key had changed. Without room in the account nothing is
  /// left() of it.
  static WireReply of(const native::TransactionReplies& replies, bool is_resp3, Account& account);

  /// Compares the whole reply with other bytes that come in pieces. Of the reply nothing may have
  /// been taken yet, and it must outlive this.
  class Comparison {
   public:
    explicit Comparison(const WireReply& reply);
    explicit Comparison(std::string_view bytes) : rest_(bytes) {}
    /// The bytes that next_is() has not compared yet.
    std::size_t left() const { return encoder_ ? encoder_->left() : rest_.size(); }
    /// Whether the next bytes of the reply are these.
    bool next_is(std::string_view piece);

   private:
    std::string_view rest_;
    std::optional<ReplyEncoder> encoder_;
  };

  /// The elements of a small array of strings and nulls, of which nothing has been taken yet, and
  /// which must outlive this.
  class Elements {
   public:
    explicit Elements(const WireReply& reply);
    /// The bytes of the next element. Empty: there is none, or it is of another kind.
    std::string_view next();

   private:
    std::string_view rest_;
  };

  /// How many bytes take() has not given yet.
  std::size_t left() const { return encoder_ ? encoder_->left() : block_size_ - at_; }

  /// What it holds until the last byte is taken: a large reply keeps its buffers whole.
  std::size_t held_bytes() const { return encoder_ ? large_.charged_bytes() : block_size_; }

  /// Writes the next bytes, as many as fit, and returns how many. Gives memory back after the last.
  std::size_t take(std::span<char> space);

 private:
  // `made` knows the version of RESP. The client's replies account pays.
  friend native::Result<void> receive(const native::Delivery& delivery, WireReply& made);

  bool fill(Account& account, std::size_t size);
  std::string_view view() const { return {static_cast<const char*>(block_.data()), block_size_}; }
  std::span<char> bytes() { return {static_cast<char*>(block_.data()), block_size_}; }

  bool is_resp3_ = false;
  // A small reply, or one from the cache, is a copy. A large one stays in the buffers that it was
  // read into, and is written again from there.
  Block block_;
  std::size_t block_size_ = 0;
  std::size_t at_ = 0;
  plimsoll::Reply large_;
  std::optional<ReplyEncoder> encoder_;
};

native::Result<void> receive(const native::Delivery& delivery, WireReply& made);

}  // namespace plimsoll::bridge

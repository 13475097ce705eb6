#include "plimsoll/native/bridge/shared/wire_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/bridge/shared/local_answers.h"

namespace plimsoll::bridge {
namespace {

native::Error no_room_for_reply() {
  return native::Error(ErrorCode::reply_too_large, Executed::yes,
                       "the bridge has no memory for the reply now");
}

}  // namespace

// Allocates room for `size` bytes, which bytes() returns.
bool WireReply::fill(Account& account, std::size_t size) {
  block_ = Block::allocate(account, size);
  if (!block_) return false;
  block_size_ = size;
  return true;
}

WireReply WireReply::of(std::string_view bytes, Account& account) {
  WireReply made;
  if (made.fill(account, bytes.size())) copy_bytes(bytes, made.bytes().data());
  return made;
}

WireReply WireReply::of(const native::TransactionReplies& replies, bool is_resp3,
                        Account& account) {
  if (!replies.committed()) return of(null_array(is_resp3), account);
  std::array<char, encoding::header_bytes_max> header;
  const char* const header_end = encoding::write_header(header.data(), '*', replies.size());
  const auto header_size = static_cast<std::size_t>(header_end - header.data());
  std::size_t size = header_size;
  for (std::size_t i = 0; i < replies.size(); ++i)
    size += ReplyEncoder(replies[i], is_resp3).size();
  WireReply made(is_resp3);
  if (!made.fill(account, size)) return made;
  std::span<char> space = made.bytes();
  std::copy_n(header.data(), header_size, space.data());
  space = space.subspan(header_size);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    ReplyEncoder element(replies[i], is_resp3);
    space = space.subspan(element.take(space));
  }
  return made;
}

WireReply::Comparison::Comparison(const WireReply& reply) : encoder_(reply.encoder_) {
  if (!encoder_) rest_ = reply.view();
}

bool WireReply::Comparison::next_is(std::string_view piece) {
  if (!encoder_) {
    if (!rest_.starts_with(piece)) return false;
    rest_.remove_prefix(piece.size());
    return true;
  }
  std::array<char, 512> room;
  while (!piece.empty()) {
    const std::size_t size =
        encoder_->take(std::span(room).first(std::min(room.size(), piece.size())));
    if (size == 0 || !piece.starts_with(std::string_view(room.data(), size))) return false;
    piece.remove_prefix(size);
  }
  return true;
}

WireReply::Elements::Elements(const WireReply& reply) {
  const std::string_view bytes = reply.encoder_ ? std::string_view() : reply.view();
  if (bytes.starts_with('*')) rest_ = bytes.substr(bytes.find("\r\n") + 2);
}

std::string_view WireReply::Elements::next() {
  std::size_t size = rest_.find("\r\n") + 2;
  std::size_t text = 0;
  if (rest_.starts_with('$')) {
    std::from_chars(rest_.data() + 1, rest_.data() + size - 2, text);
    size += text + 2;
  } else if (!rest_.starts_with('_')) {
    size = 0;
  }
  const std::string_view element = rest_.substr(0, size);
  rest_.remove_prefix(element.size());
  return element;
}

std::size_t WireReply::take(std::span<char> space) {
  std::size_t taken = 0;
  if (encoder_) {
    taken = encoder_->take(space);
  } else {
    taken = std::min(space.size(), block_size_ - at_);
    std::copy_n(static_cast<const char*>(block_.data()) + at_, taken, space.data());
    at_ += taken;
  }
  if (left() == 0) *this = WireReply(is_resp3_);
  return taken;
}

native::Result<void> receive(const native::Delivery& delivery, WireReply& made) {
  if (delivery.error != nullptr || delivery.failure != nullptr) return native::to_error(delivery);
  Account& account = delivery.core->replies_account();
  if (!delivery.wire.empty()) {
    made = WireReply::of(delivery.wire, account);
    return made.left() > 0 ? native::Result<void>() : no_room_for_reply();
  }
  ReplyEncoder encoder(*delivery.value, made.is_resp3_);
  if (encoder.size() > plimsoll::Reply::copied_bytes_max) {
    auto kept = delivery.core->keep_reply();
    if (!kept) return no_room_for_reply();
    made.large_ = *std::move(kept);
    made.encoder_.emplace(made.large_.value(), made.is_resp3_);
    return {};
  }
  if (!made.fill(account, encoder.size())) return no_room_for_reply();
  encoder.take(made.bytes());
  return {};
}

}  // namespace plimsoll::bridge

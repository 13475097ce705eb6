#include <array>
#include <new>
#include <span>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/text_writer.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/session/problems.h"
#include "plimsoll/core/session/session.h"

// Memory to read to: what a session does that has none, and what it gives up for others that have
// none.

namespace plimsoll {
namespace {

// How long to leave bytes with the transport before memory for them is asked for again.
constexpr Duration read_again_wait = std::chrono::milliseconds(20);

// Part of error_text_max: the name of the code is in front of it.
constexpr std::size_t holders_text_bytes = 288;

}  // namespace

// Lies in the block that it owns: mostly there is none.
struct Session::HoldersText {
  Block block;
  std::array<char, holders_text_bytes> text;
};

Session::~Session() {
  end_wait();
  if (holders_text_ == nullptr) return;
  const Block block = std::move(holders_text_->block);
  holders_text_->~HoldersText();
}

// The Budget tells when memory was released; the source never tells when it has some again.
void Session::begin_wait() {
  dry_ = reserve_ == Reader::Reserve::leave;
  if (dry_) return end_wait();
  read_check_at_ = after(now_, read_again_wait);
  asked_again_ = true;
  if (!std::exchange(waits_, true)) accounts_.replies.add_waiting_readers(1);
}

// What was not read meanwhile was no silence of the server's.
void Session::end_wait() {
  if (!std::exchange(waits_, false)) return;
  read_check_at_ = never;
  accounts_.replies.add_waiting_readers(-1);
  quiet_since_ = watched_since_ = now_;
  watched_ = pipeline_.front_unawaited().value_or(no_request);
}

// Of a connection that waits, or holds a buffer.
Instant Session::find_read_check() {
  if (waits_) return read_check_at_;
  if (is_paused()) return read_check_at_ = never;
  if (read_check_at_ != never) return read_check_at_;
  bytes_at_check_ = static_cast<std::uint32_t>(counters_.bytes_read);
  stalled_checks_ = 0;
  return read_check_at_ = after(now_, stall_check_interval);
}

// A driver that does not ask again has found that there was nothing to read.
void Session::handle_read_check() {
  if (!waits_) {
    read_check_at_ = after(now_, stall_check_interval);
    check_stall();
  } else if (std::exchange(asked_again_, false)) {
    read_check_at_ = after(now_, read_again_wait);
  } else {
    end_wait();
  }
}

// Two looks, not one: where the driver itself was held up, the first one comes before the bytes
// that lie there.
void Session::check_stall() {
  const auto read = static_cast<std::uint32_t>(counters_.bytes_read);
  if (read - std::exchange(bytes_at_check_, read) >= stall_bytes_min) {
    stalled_checks_ = 0;
    return;
  }
  // A buffer in which nothing is needed was kept for a reply that might have come at once.
  reader_.release_idle();
  if (stalled_checks_ < stall_checks_max) ++stalled_checks_;
  if (stalled_checks_ == stall_checks_max && reader_.in_frame() && others_wait()) give_up_half();
}

// A buffer of the progress reserve would help anybody, another one those who wait for this pool.
bool Session::others_wait() const {
  const Account& replies = accounts_.replies;
  if (replies.budget().readers_waiting(replies.pool()) > 0) return true;
  return reader_.touches_reserve() && replies.budget().readers_waiting() > 0;
}

// The caller who waits for it is told, and the rest of the reply streams past as that of one who
// waits no longer. Of what nobody waits for, or what may be a push, the connection is given up:
// what the push says might be missed. So is one that holds on to its buffer even so, in the middle
// of a line.
void Session::give_up_half() {
  if (state_ == State::handshaking) return retry_or_end(lack_of_memory(unread_handshake));
  const Pipeline::Next due = pipeline_.next();
  const bool is_owed = due == Pipeline::Next::part || due == Pipeline::Next::request;
  const Reader::Half half = reader_.half();
  const bool is_reply = half == Reader::Half::reply || half == Reader::Half::error;
  const bool may_be_push = arrays_are_pushes_ || !is_reply;
  if (!is_owed || may_be_push || pipeline_.next_wants_confirmations() ||
      pipeline_.next_tag() >= own_tag_first) {
    return lose(lack_of_memory(stalled_in_reply));
  }
  const bool has_run = due == Pipeline::Next::request && half == Reader::Half::reply && !has_parts_;
  pipeline_.give_up_next(has_run ? Executed::yes : Executed::maybe);
}

// Of what is remembered for longer than a text lives: with the numbers alone.
Error Session::lack_of_memory(Error error) {
  Account& replies = accounts_.replies;
  const PoolHolders holders = replies.budget().holders(replies.pool(), now_);
  error.value = holders.used;
  error.limit = holders.limit;
  return error;
}

const char* Session::deadline_passed() {
  if (!waits_) return "the request's deadline passed before its reply";
  return with_holders(
      "the request's deadline passed while memory was missing to read what the server says");
}

// What to tell a request whose reply was given up.
const char* Session::gave_up() {
  ++counters_.replies_skipped;
  return with_holders(stalled_in_reply.what);
}

// `what`, and who has the memory.
const char* Session::with_holders(const char* what) {
  if (holders_text_ == nullptr) {
    Block block = Block::allocate(accounts_.connections, sizeof(HoldersText));
    if (!block) return what;
    holders_text_ = new (block.data()) HoldersText;
    holders_text_->block = std::move(block);
  }
  std::array<char, holders_text_bytes>& text = holders_text_->text;
  Account& replies = accounts_.replies;
  const PoolHolders holders = replies.budget().holders(replies.pool(), now_);
  TextWriter writer(std::span<char>(text).first(text.size() - 1));
  writer.append(what);
  writer.append(". The ");
  writer.append(name(replies.pool()));
  writer.append(" pool has ");
  writer.append_bytes(holders.used);
  writer.append(" of ");
  writer.append_bytes(holders.limit);
  writer.append(" in use, by ");
  writer.append(std::uint64_t{holders.accounts});
  writer.append(" accounts");
  if (holders.accounts > 0) {
    writer.append(" (client ");
    writer.append(holders.most_owner);
    writer.append(" has most: ");
    writer.append_bytes(holders.most);
    writer.append(")");
  }
  writer.append("; connections that wait: ");
  writer.append(std::uint64_t{holders.readers_waiting});
  text[writer.text().size()] = '\0';
  return text.data();
}

}  // namespace plimsoll

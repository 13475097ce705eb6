#include "plimsoll/core/session/problems.h"
#include "plimsoll/core/session/session.h"

// The part of Session that is about memory to read into.

namespace plimsoll::inline v0 {

void Session::handle_read_check() {
  switch (read_watch_.handle_check(reader_, now_, counters_.bytes_read)) {
    case ReadWatch::Finding::nothing: return;
    case ReadWatch::Finding::not_waiting: return end_wait();
    case ReadWatch::Finding::stalled:
      if (reader_.in_frame() && others_wait()) give_up_half();
      return;
  }
}

// Whether other connections wait for memory that this connection's buffer would provide. A buffer
// of the progress reserve helps readers of any pool, another buffer only those of this pool.
bool Session::others_wait() const {
  const Account& replies = accounts_.replies;
  if (replies.budget().readers_waiting(replies.pool()) > 0) return true;
  return reader_.touches_reserve() && replies.budget().readers_waiting() > 0;
}

// Gives up a half-read reply whose buffer other connections need. If a caller waits for the reply,
// the call ends, and the rest of the reply is skipped as it arrives, like that of a cancelled
// request. If no caller waits, or if the frame may be a push, the connection is dropped: a skipped
// push would be lost unnoticed. The connection is also dropped if it still holds the buffer at the
// next check, in the middle of a line.
void Session::give_up_half() {
  if (state_ == State::handshaking)
    return fail_attempt(lack_of_memory(unread_handshake), Failure::passing);
  const Pipeline::Next due = pipeline_.next();
  const bool is_owed = due == Pipeline::Next::part || due == Pipeline::Next::request;
  const Reader::Half half = reader_.half();
  const bool is_reply = half == Reader::Half::reply || half == Reader::Half::error;
  const bool may_be_push = arrays_are_pushes_ || !is_reply;
  if (!is_owed || may_be_push || pipeline_.next_wants_confirmations() ||
      pipeline_.next_tag() >= internal_tag_first) {
    return lose(lack_of_memory(stalled_in_reply));
  }
  const bool has_run = due == Pipeline::Next::request && half == Reader::Half::reply &&
                       !earlier_answers_.has_some(pipeline_.next_id());
  pipeline_.give_up_next(has_run ? Executed::yes : Executed::maybe);
}

// Adds the pool's numbers to an error that the session keeps. It does not use error_text_, which
// the next error overwrites.
Error Session::lack_of_memory(Error error) {
  Account& replies = accounts_.replies;
  const PoolHolders holders = replies.budget().holders(replies.pool(), now_);
  error.value = holders.used;
  error.limit = holders.limit;
  return error;
}

}  // namespace plimsoll::inline v0

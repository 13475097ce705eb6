#include "plimsoll/tests/sim/client/locker.h"

#include <array>

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {

void Locker::begin_life() {
  step_ = Step::none;
  connection_.reset();
  pending_ = 0;
}

void Locker::act() {
  if (random().one_in(2)) return write_something();
  if (step_ != Step::none) return;
  connection_ = driver().open_exclusive();
  if (!connection_) return;
  driver().settle();
  step_ = Step::over;
  watch();
}

RequestNumber Locker::enter(Duration timeout, std::uint16_t runs_max, const char* what) {
  return desk_.enter(*this, deadline_of(timeout), runs_max, what);
}

void Locker::write_something() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = enter(timeout, 1, "SET of a lock");
  const std::string key = "w" + std::to_string(random().below(2));
  const std::string value = marked(key, {.number = number});
  const std::array<std::string_view, 3> words{"SET", key, value};
  CommandView command;
  command.args = words;
  const Result<RequestId> id = driver().submit(command, timeout, number);
  if (desk_.note_submitted(id, number)) driver().settle();
}

bool Locker::submit(const CommandView& command, Duration timeout, RequestNumber number) {
  const Result<RequestId> id = driver().submit_to(*connection_, command, timeout, number);
  if (!desk_.note_submitted(id, number)) {
    if (id.error().code == ErrorCode::connection_lost) coverage().count(Deed::exclusive_lost);
    step_ = Step::over;
    desk_.go_on_soon(*this);
    return false;
  }
  pending_ = number;
  driver().settle();
  return true;
}

void Locker::watch() {
  const Duration timeout = desk_.draw_timeout();
  watch_ = enter(timeout, 1, "WATCH");
  key_ = "w" + std::to_string(random().below(2));
  const std::string own = marked("v", {.number = watch_});
  const std::array<std::string_view, 3> words{"WATCH", key_, own};
  CommandView command;
  command.args = words;
  step_ = Step::watching;
  submit(command, timeout, watch_);
}

void Locker::read() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = enter(timeout, 0, "GET of a lock");
  const std::array<std::string_view, 2> words{"GET", key_};
  CommandView command;
  command.args = words;
  step_ = Step::reading;
  submit(command, timeout, number);
}

void Locker::commit() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = enter(timeout, 1, "a locked transaction");
  const std::string value = marked(key_, {.number = number, .part = 0, .parts = 1});
  commands_.clear();
  commands_.add({"MULTI"});
  commands_.add({"SET", key_, value});
  commands_.add({"EXEC"});
  books().transactions.note_lock(number, watch_, read_);
  step_ = Step::committing;
  submit(commands_.request(), timeout, number);
}

void Locker::release() {
  step_ = Step::none;
  pending_ = 0;
  const ConnectionId connection = *connection_;
  connection_.reset();
  driver().release(connection);
}

void Locker::go_on() {
  if (!connection_) return;
  if (step_ == Step::over || desk_.is_calm() || random().one_in(8)) return release();
  if (step_ == Step::watched) return read();
  if (step_ == Step::read) return commit();
}

void Locker::handle_outcome(const Event& event, bool truthful) {
  if (event.tag != pending_) return;  // of a write, or of a connection that was given back
  pending_ = 0;
  const bool ok = event.error == nullptr && truthful;
  if (!ok) {
    step_ = Step::over;
  } else if (step_ == Step::watching) {
    step_ = Step::watched;
  } else if (step_ == Step::reading) {
    read_ = mark_of(text_of(*event.value)).number;
    step_ = Step::read;
  } else if (step_ == Step::committing) {
    coverage().count(event.value->is_null() ? Deed::transaction_conflict
                                            : Deed::transaction_committed);
    step_ = Step::over;
  }
  desk_.go_on_soon(*this);
}

}  // namespace plimsoll::sim

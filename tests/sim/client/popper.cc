#include "plimsoll/tests/sim/client/popper.h"

#include <algorithm>
#include <array>

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t waiting_max = 6;
constexpr std::size_t crowd_max = 12;  // where others wait

std::string in_seconds(Duration time) {
  std::string text = std::to_string(time / milliseconds(1));
  text.insert(0, text.size() < 4 ? 4 - text.size() : 0, '0');
  return text.insert(text.size() - 3, 1, '.');
}

}  // namespace

void Popper::act() {
  const bool crowds = environment().leaning == Leaning::crowd;
  for (std::uint64_t left = crowds ? random().between(2, 8) : 1; left > 0; --left) act_once();
}

void Popper::act_once() {
  const std::size_t most = environment().leaning == Leaning::crowd ? crowd_max : waiting_max;
  switch (random().below(5)) {
    case 0:
    case 1: return push();
    case 2: return cancel_one();
    default: return waiting_.size() < most ? wait() : cancel_one();
  }
}

void Popper::push() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 1, "RPUSH");
  const std::string key = "q" + std::to_string(random().below(3));
  std::array<std::string, 3> elements;
  std::array<std::string_view, 5> words{random().one_in(2) ? "RPUSH" : "LPUSH", key};
  const std::uint64_t count = random().between(1, elements.size());
  for (std::uint64_t part = 0; part < count; ++part) {
    elements[part] = marked(key, {.number = number, .part = part});
    words[2 + part] = elements[part];
  }
  CommandView command;
  command.args = std::span<const std::string_view>(words).first(2 + count);
  const Result<RequestId> id = driver().submit(command, timeout, number);
  if (desk_.note_submitted(id, number)) driver().settle();
}

void Popper::wait() {
  const bool endless = random().one_in(3);
  const Duration block_time =
      endless ? Duration::zero()
              : milliseconds(random().between(1, random().one_in(2) ? 20 : 1500));
  const Duration timeout = desk_.draw_timeout();
  Instant deadline = never;
  if (!endless && timeout != Duration::zero()) {
    // Each of the two times, the request's and that of the server's answer to CLIENT UNBLOCK, ends
    // when the clock moves: the ledger allows for one of these.
    const Duration unblocked = driver().options().tombstone_age_max + driver().clock_step();
    deadline = after(deadline_of(block_time), timeout + unblocked);
  }
  const RequestNumber number = desk_.enter(*this, deadline, 0, "BLPOP");
  const std::string own = marked("v", {.number = number});
  const std::string key = "q" + std::to_string(random().below(3));
  const std::string other = "q" + std::to_string(random().below(3));
  const std::string seconds = in_seconds(block_time);
  const std::array<std::string_view, 5> words{random().one_in(2) ? "BLPOP" : "BRPOP", own, key,
                                              other, seconds};
  CommandView command;
  command.args = words;
  command.block_time = endless ? CommandView::forever : block_time;
  const Result<RequestId> id = driver().submit(command, timeout, number);
  if (!desk_.note_submitted(id, number)) return;
  waiting_[number] = {.id = *id, .due = endless ? never : deadline_of(block_time)};
  driver().settle();
}

void Popper::cancel_one() {
  if (waiting_.empty()) return;
  auto victim = waiting_.begin();
  std::advance(victim, static_cast<std::ptrdiff_t>(random().below(waiting_.size())));
  environment().note("client", desk_.user_number(), "cancels %, which waits", victim->first);
  victim->second.cancelled = true;
  driver().cancel(victim->second.id);
}

void Popper::calm_down() { desk_.go_on_soon(*this); }

// Nobody pushes any more. The waiters have their turn all the same: it comes by itself.
void Popper::go_on() {
  const auto waits_in_line = [&](const auto& each) { return driver().waits_to_block(each.first); };
  while (!waiting_.empty() && desk_.is_calm()) {
    const auto first = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& each) {
      return !each.second.cancelled && !waits_in_line(each);
    });
    if (first == waiting_.end()) break;
    first->second.cancelled = true;
    driver().cancel(first->second.id);
  }
  if (std::any_of(waiting_.begin(), waiting_.end(), waits_in_line)) desk_.go_on_soon(*this);
}

void Popper::handle_outcome(const Event& event, bool truthful) {
  const auto waiting = waiting_.find(event.tag);
  if (waiting == waiting_.end()) return;  // of a push
  const bool cancelled = waiting->second.cancelled;
  const Instant due = waiting->second.due;
  waiting_.erase(waiting);
  if (event.error != nullptr) return note_failed(event, truthful);
  std::string element;
  if (const auto elements = event.value->as_elements(); elements && elements->size() == 2) {
    element = text_of(*++elements->begin());
  }
  books().queues.note_told(event.tag, element, truthful);
  // What a lie on the main connection makes of the answer to CLIENT UNBLOCK, the next command that
  // blocks may meet.
  const bool is_believed = truthful && driver().is_told_the_truth();
  require(!is_believed || !element.empty() || environment().now() >= due,
          "nobody is told that nothing came before their time is over", event.tag);
  if (element.empty()) return coverage().count(Deed::wait_answered);
  coverage().count(Deed::element_delivered);
  if (cancelled) coverage().count(Deed::element_saved);
}

void Popper::note_failed(const Event& event, bool truthful) {
  const Executed executed = event.error->executed;
  books().queues.note_ended(event.tag, executed, truthful);
  if (executed == Executed::maybe) coverage().count(Deed::wait_in_doubt);
  const bool early =
      event.error->code == ErrorCode::cancelled || event.error->code == ErrorCode::timed_out;
  if (executed == Executed::no && early) coverage().count(Deed::wait_ended_early);
}

}  // namespace plimsoll::sim

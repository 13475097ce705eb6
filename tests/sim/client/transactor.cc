#include "plimsoll/tests/sim/client/transactor.h"

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {

void EncodedCommands::add(std::initializer_list<std::string_view> words) {
  bytes_ += '*' + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    bytes_ += '$' + std::to_string(word.size()) + "\r\n";
    bytes_.append(word).append("\r\n");
  }
  ++count_;
}

CommandView EncodedCommands::request() const {
  CommandView command = CommandView::from_encoded(bytes_);
  command.answers = count_;
  return command;
}

void Transactor::act() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 1, "a transaction");
  const std::uint64_t parts = random().between(1, 5);
  const std::uint64_t bad = random().one_in(6) ? random().below(parts) : parts;
  const std::size_t padding = random().one_in(6) ? random().skewed(60'000) : random().below(40);
  Pending pending;
  commands_.clear();
  commands_.add({"MULTI"});
  for (std::uint64_t part = 0; part < parts; ++part) {
    const std::string key = "x" + std::to_string(random().below(8));
    std::string value = marked(key, {.number = number, .part = part, .parts = parts}) + '|';
    value.append(padding, 'x');
    if (part == bad) {
      commands_.add({"SET", key});
      pending.bad_owed = commands_.count();
    }
    commands_.add({"SET", key, value});
  }
  commands_.add({"EXEC"});
  if (pending.bad_owed > 0) {
    pending.bad_owed = static_cast<std::uint16_t>(commands_.count() - pending.bad_owed);
  }
  const Result<RequestId> id = driver().submit(commands_.request(), timeout, number);
  if (!desk_.note_submitted(id, number)) return;
  pending_[number] = pending;
  driver().settle();
}

void Transactor::handle_part(const Event& event, bool truthful) {
  Pending& pending = pending_[event.tag];
  if (!truthful) return;
  if (event.answers_owed == pending.bad_owed) pending.told = true;
  require(event.answers_owed > 0, "behind a refused command there is at least the outcome",
          event.tag);
}

void Transactor::handle_outcome(const Event& event, bool truthful) {
  const Pending pending = pending_[event.tag];
  pending_.erase(event.tag);
  const bool bad = pending.bad_owed > 0;
  if (event.error == nullptr) {
    coverage().count(Deed::transaction_completed);
    require(!truthful || !bad, "a transaction with a command that is refused does not run",
            event.tag);
    return;
  }
  if (event.error->code == ErrorCode::transaction_aborted) {
    coverage().count(Deed::transaction_refused);
    require(event.error->executed == Executed::no, "a transaction that is refused has not run",
            event.tag);
    require(!truthful || !bad || pending.told, "the command that was refused is told of",
            event.tag);
  } else if (event.error->executed == Executed::maybe) {
    coverage().count(Deed::transaction_in_doubt);
  } else if (event.error->executed == Executed::no) {
    coverage().count(Deed::transaction_unsent);
  }
}

}  // namespace plimsoll::sim

#include "plimsoll/core/client/resumption.h"

#include <span>

#include "plimsoll/core/base/text_writer.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {
namespace {

constexpr std::string_view encoded_resume = "$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$6\r\nRESUME\r\n";

// A name, a number, and whether what was missed has been told.
struct Answer {
  std::array<char, Resumption::name_bytes_max> name;
  std::size_t name_size;
  std::uint64_t number;
  bool is_resumed;
};

std::optional<Answer> read(const Value& value) {
  const auto elements = value.as_elements();
  if (!elements || elements->size() != 3) return std::nullopt;
  auto element = elements->begin();
  const auto name = (*element).as_bytes();
  const auto number = (*++element).as_integer();
  const auto is_resumed = (*++element).as_integer();
  if (!name || !number || !is_resumed) return std::nullopt;
  if (name->size() == 0 || name->size() > Resumption::name_bytes_max || *number < 0) {
    return std::nullopt;
  }
  Answer answer{.name = {},
                .name_size = name->size(),
                .number = static_cast<std::uint64_t>(*number),
                .is_resumed = *is_resumed == 1};
  name->copy_to(answer.name.data());
  return answer;
}

}  // namespace

bool Resumption::begin() {
  if (!is_lost()) connection_.begin_unproved(main_);
  if (ask()) return true;
  forget();
  connection_.end();
  return false;
}

bool Resumption::ask() {
  question_ = main_.staged_until();
  memory_ = main_.resumes_within();
  pushes_skipped_ = main_.counters().pushes_skipped;
  staged_ = TrackedConnection::about_to_stage(cache_, main_.now());
  std::array<char, 20> digits;
  TextWriter number(digits);
  number.append(number_);
  const std::array<std::string_view, 2> last{{{name_.data(), name_size_}, number.text()}};
  CommandView command;
  command.head = encoded_resume;
  command.head_parts = 3;
  command.args = std::span(last).first(is_lost() ? last.size() : 0);
  const bool is_sent = main_.submit_internal(command, internal_resume);
  if (is_sent) connection_.note_request(question_, staged_);
  return is_sent;
}

// The answer is a proof, as that to PING is.
bool Resumption::handle_answer(const std::optional<Value>& answer) {
  const bool is_resumed = take(answer);
  const bool is_anew = !is_resumed && !connection_.is_tracked();
  if (is_resumed) {
    connection_.resume(main_);
    cache_.count_resumption();
  } else if (is_anew) {
    connection_.begin_unproved(main_);
  }
  if (state_ != State::counting) {
    connection_.ask_for_proof(main_.now());
  } else if (is_resumed && wanted_ > staged_.mark) {
    connection_.want_proof(wanted_, main_.now());
  } else {
    connection_.handle_reply_to(question_);
    connection_.prove_until(staged_);
  }
  return is_anew;
}

// Returns whether the client has heard of all that it has missed. If it lacked the memory, it may
// have skipped what it was told in front of the answer.
bool Resumption::take(const std::optional<Value>& answer) {
  const bool has_heard_all = is_lost() && main_.counters().pushes_skipped == pushes_skipped_;
  const auto read_answer = answer ? read(*answer) : std::nullopt;
  if (!read_answer) {
    forget();
    return false;
  }
  name_ = read_answer->name;
  name_size_ = static_cast<std::uint8_t>(read_answer->name_size);
  number_ = read_answer->number;
  state_ = State::counting;
  return has_heard_all && read_answer->is_resumed;
}

// A client that closes does not come back.
bool Resumption::suspend_if_lost() {
  const Session::State state = main_.state();
  const bool closes = state == Session::State::closing || state == Session::State::closed;
  if (closes && is_lost()) {
    forget();
    connection_.end();
  }
  if (closes || state_ != State::counting || !connection_.has_lost_connection()) return false;
  connection_.suspend();
  state_ = State::lost;
  until_ = after(main_.now(), memory_);
  wanted_ = 0;
  return true;
}

void Resumption::give_up() {
  forget();
  connection_.end();
  if (main_.state() == Session::State::ready) handle_answer(std::nullopt);
}

}  // namespace plimsoll::inline v0

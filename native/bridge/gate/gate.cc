#include "plimsoll/native/bridge/gate/gate.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/bridge/gate/answers.h"
#include "plimsoll/native/bridge/gate/command_ways.h"
#include "plimsoll/native/bridge/gate/request_words.h"

namespace plimsoll::bridge {
namespace {

// About as many as refuse() writes.
std::size_t refusal_bytes(std::string_view reason) {
  return 2 * encoding::header_bytes_max + Verdict::refusal_mark.size() + reason.size();
}

// Whether the bridge has to see the command's reply by itself. Within MULTI the reply is a part of
// EXEC's: that of SUBSCRIBE would be there in part, and go on behind it; from those of the others
// nobody would learn which protocol is spoken from then on, or which prefixes the server keeps.
bool needs_own_reply(Answer answer) {
  return is_confirmed(answer) || answer == Answer::hello || answer == Answer::track ||
         answer == Answer::untrack;
}

// Servers do not agree on whether an EXEC with arguments ends the transaction.
bool has_too_many_words(Answer answer, Words words) {
  const bool has_none =
      answer == Answer::multi || answer == Answer::exec || answer == Answer::discard;
  return has_none && words.size() > 1;
}

// How many channels, keys or prefixes the words name.
std::size_t names_of(Answer answer, Words words) {
  if (is_confirmed(answer) || answer == Answer::watch) return words.size() - 1;
  return answer == Answer::track ? prefixes_of(words) : 0;
}

// A server keeps a command that blocks, and a list entry for each of its keys, for as long as it
// does.
bool blocks_with_too_much(const commands::Row& row, Words words, std::size_t bytes) {
  return (words.size() > KeptAtServer::blocked_words_max ||
          bytes > KeptAtServer::blocked_bytes_max) &&
         commands::class_of(row, words) == commands::Class::blocking;
}

Verdict blocking_with_too_much(const commands::Row& row) {
  return Verdict::refused()
      .name(row.name_view())
      .say(" may wait, with more than ")
      .say(std::to_string(KeptAtServer::blocked_words_max))
      .say(" words or ")
      .say(std::to_string(KeptAtServer::blocked_bytes_max))
      .say(" bytes");
}

}  // namespace

// What becomes of a request.
struct Gate::Judged {
  Verdict verdict = Verdict::refused();
  Passing passing;
  std::string_view name;  // of the command, if the table has it

  void refuse(const Verdict& why) {
    verdict = why;
    passing = {.answer = Answer::refusal,
               .count = static_cast<std::uint32_t>(why.reason().size()),
               .bytes = refusal_bytes(why.reason())};
  }
};

std::string_view reason_of(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::ok:
    case GateOutcome::full: return "";
    case GateOutcome::protocol_error: return "requests are RESP arrays of bulk strings";
    case GateOutcome::too_large: return "request too large";
    case GateOutcome::no_memory: return "no memory for the request";
  }
  return "";
}

GateOutcome Gate::feed(std::string_view& piece, Sink& sink) {
  if (outcome_ != GateOutcome::ok) return outcome_;
  GateOutcome outcome = GateOutcome::ok;
  while (!piece.empty() && outcome == GateOutcome::ok) {
    if (sink.is_full()) {
      outcome = GateOutcome::full;
      break;
    }
    const RequestScanner before = scanner_;
    const RequestScanner::Scan scan = scanner_.scan(piece);
    const std::string_view part = piece.substr(0, scan.bytes);
    switch (scan.end) {
      case RequestScanner::End::none:
        if (!held_.append(part)) outcome = GateOutcome::no_memory;
        break;
      case RequestScanner::End::whole: outcome = pass(part, sink); break;
      case RequestScanner::End::malformed: outcome = GateOutcome::protocol_error; break;
      case RequestScanner::End::too_large: outcome = GateOutcome::too_large; break;
    }
    if (outcome == GateOutcome::full) {
      scanner_ = before;  // the part comes again
      break;
    }
    statistics_.bytes_in += part.size();
    piece.remove_prefix(part.size());
  }
  write(std::exchange(run_, {}), sink);
  const bool is_error = outcome != GateOutcome::ok && outcome != GateOutcome::full;
  return is_error ? fail(outcome) : outcome;
}

// Judges the request that `part` completes, and lets it or its refusal pass.
GateOutcome Gate::pass(std::string_view part, Sink& sink) {
  const bool is_held = !held_.empty();
  if (is_held && !held_.append(part)) return GateOutcome::no_memory;
  const std::string_view request = is_held ? held_.view() : part;
  Judged judged;
  if (!judge(request, sink.is_queueing(), judged)) return GateOutcome::no_memory;
  Room room = sink.admit(judged.passing);
  if (room != Room::now && room != Room::later) {
    judged.refuse(Verdict::refused().name(judged.name).say(": ").say(sink.why_not(room)));
    room = sink.admit(judged.passing);
  }
  if (room != Room::now) {
    if (is_held) held_.cut(part.size());
    return GateOutcome::full;
  }
  if (!judged.verdict.is_allowed()) {
    write(std::exchange(run_, {}), sink);
    refuse(judged.verdict.reason(), sink);
  } else {
    statistics_.allowed += 1;
    // Allowed requests that lie side by side in the piece are written in one go. Only the piece's
    // first request can be held.
    if (is_held) {
      write(request, sink);
    } else {
      run_ = run_.empty() ? part : std::string_view(run_.data(), run_.size() + part.size());
    }
  }
  held_.clear();
  return GateOutcome::ok;
}

// False: there was no memory to list the words.
bool Gate::judge(std::string_view request, bool is_queueing, Judged& judged) const {
  std::string_view behind = request;
  RequestWords list;
  if (!list.take(behind, account_)) return false;
  const std::span<const std::string_view> words = list.view();
  const commands::Row* const row = commands::find(words);
  Passing& passing = judged.passing;
  judged.verdict = policy_.judge(row, words);
  passing.answer = answer_of(row, words);
  if (is_queueing && needs_own_reply(passing.answer)) {
    judged.verdict = Verdict::refused().name(row->name_view()).say(" within MULTI is not allowed");
  } else if (has_too_many_words(passing.answer, words)) {
    judged.verdict = Verdict::refused().name(row->name_view()).say(" has no arguments");
  } else if (judged.verdict.is_allowed() && row != nullptr) {
    if (blocks_with_too_much(*row, words, request.size())) {
      judged.verdict = blocking_with_too_much(*row);
    } else if (request.size() > policy_.key_bytes_max()) {
      judged.verdict = policy_.judge_long_keys(*row, words);
    }
  }
  if (!judged.verdict.is_allowed()) {
    judged.refuse(judged.verdict);
    return true;
  }
  if (row != nullptr) judged.name = row->name_view();
  passing.bytes = request.size();
  passing.words = static_cast<std::uint32_t>(words.size());
  passing.count = static_cast<std::uint32_t>(names_of(passing.answer, words));
  if (passing.answer == Answer::one && sizes_ != nullptr) {
    passing.fingerprint = sizes_->fingerprint_of(request, server_);
  }
  return true;
}

// Sends a command of one word, which no server knows: the server executes nothing, and repeats the
// word, and with it the reason, in its error.
void Gate::refuse(std::string_view reason, Sink& sink) {
  statistics_.refused += 1;
  constexpr std::size_t name_bytes_max = Verdict::refusal_mark.size() + Verdict::reason_bytes_max;
  std::array<char, 2 * encoding::header_bytes_max + name_bytes_max + 2> command;
  char* end = encoding::write_header(command.data(), '*', 1);
  end = encoding::write_header(end, '$', Verdict::refusal_mark.size() + reason.size());
  end = copy_bytes(Verdict::refusal_mark, end);
  end = copy_bytes(reason, end);
  end = copy_bytes("\r\n", end);
  write({command.data(), static_cast<std::size_t>(end - command.data())}, sink);
}

void Gate::write(std::string_view commands, Sink& sink) {
  if (commands.empty()) return;
  statistics_.bytes_out += commands.size();
  sink.write(commands);
}

GateOutcome Gate::fail(GateOutcome outcome) {
  held_.clear();
  outcome_ = outcome;
  return outcome;
}

}  // namespace plimsoll::bridge

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "plimsoll/tests/sim/ledger.h"

// The book of a group's reads that carry a number: who answered each last, on which connection, and
// when a caller was told. Also which histories servers have named on each connection.
// Before half of its time has passed, a client sends a read elsewhere only once the connection that
// it was sent on cannot answer it any more, so the last answer is the one that a caller is told.

namespace plimsoll::sim {

class ReadBook {
 public:
  struct Answer {
    std::size_t server = 0;
    std::uint64_t link = 0;  ///< its serial number; 0: nobody has answered it
  };

  void note_answered(RequestNumber number, const Answer& answer) {
    answers_[number] = answer;
    ++counts_[number];
  }
  bool was_answered_twice(RequestNumber number) const {
    const auto found = counts_.find(number);
    return found != counts_.end() && found->second > 1;
  }

  /// A server has said on this connection what it has of that history.
  void note_history(std::uint64_t link, const std::string& name) { histories_[link].insert(name); }
  const std::set<std::string>& histories(std::uint64_t link) { return histories_[link]; }

  /// A caller is told what was read, before half of the read's time has passed, and so many
  /// requests were made before that in all.
  void note_completed(RequestNumber number, std::uint64_t requests_before) {
    completed_[number] = requests_before;
  }
  /// Whether that was before `later` was asked.
  bool was_completed_before(RequestNumber number, RequestNumber later) const {
    const auto found = completed_.find(number);
    return found != completed_.end() && found->second < later;
  }

  Answer answer_to(RequestNumber number) const {
    const auto found = answers_.find(number);
    return found == answers_.end() ? Answer{} : found->second;
  }

 private:
  std::map<RequestNumber, Answer> answers_;
  std::map<RequestNumber, std::uint32_t> counts_;
  std::map<RequestNumber, std::uint64_t> completed_;
  std::map<std::uint64_t, std::set<std::string>> histories_;
};

}  // namespace plimsoll::sim

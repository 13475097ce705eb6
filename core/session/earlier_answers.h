#pragma once

#include <cstdint>

#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// What is known of the answers before the last one, to a request of several commands: MULTI, the
/// queued commands and EXEC; or ASKING and a command.
class EarlierAnswers {
 public:
  /// The request at the front has got such an answer. Returns whether it is its first.
  bool note(RequestId request) {
    if (has_some(request)) return false;
    *this = EarlierAnswers();
    request_ = request;
    return true;
  }
  /// Its first answer is an error, and after it so many are owed to the request.
  void note_first_refused(std::uint16_t owed_after) { owed_after_refusal_ = owed_after; }
  void clear() { *this = EarlierAnswers(); }

  bool has_some(RequestId request) const { return request_ == request; }
  /// Whether MULTI was refused, so that the commands after it ran one by one. A request of two
  /// commands has none between the first and the last: it is ASKING and a command.
  bool was_multi_refused(RequestId request) const {
    return has_some(request) && owed_after_refusal_ > 1;
  }

 private:
  static constexpr RequestId none = UINT64_MAX;

  RequestId request_ = none;
  std::uint16_t owed_after_refusal_ = 0;  // 0: the first answer was no error
};

}  // namespace plimsoll::inline v0

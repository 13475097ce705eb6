#include "plimsoll/core/client/parked_requests.h"

namespace plimsoll::inline v0 {

Error error_of_parked(const Ended& ended, const Error& closed) {
  Error error{.code = ended.code, .executed = ended.executed, .what = closed.what};
  if (ended.code == ErrorCode::timed_out) {
    error.what = tags::is_whole(ended.tag)
                     ? "the request's deadline passed before all of its parts were answered"
                     : "the request's deadline passed while it waited for the owner of its slot";
  } else if (ended.code == ErrorCode::cancelled) {
    error.what = "the request was cancelled";
  }
  return error;
}

}  // namespace plimsoll::inline v0

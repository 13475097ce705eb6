#include "plimsoll/core/session/confirmation.h"

namespace plimsoll::inline v0 {

bool is_about(const Value& push, std::string_view ending) {
  const auto elements = push.as_elements();
  if (!elements || elements->empty()) return false;
  const auto word = (*elements->begin()).as_bytes();
  return word && word->ends_with(ending);
}

bool confirms(const Value& push, CommandView::Answer wanted) {
  const bool ends = is_about(push, "unsubscribe");
  return wanted == CommandView::Answer::ends ? ends : !ends && is_about(push, "subscribe");
}

bool says_not_subscribed(const Value& answer) {
  const auto error = answer.as_error();
  return error && (error->starts_with("NOSUB") || error->starts_with("MOVED") ||
                   error->starts_with("CLUSTERDOWN Hash slot"));
}

}  // namespace plimsoll::inline v0

#include "plimsoll/core/commands/builders.h"

#include <charconv>

namespace plimsoll::commands {
namespace {

std::int64_t milliseconds(Duration ttl) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(ttl).count();
}

}  // namespace

Status Set::validate(const SetOptions& options) {
  if (!options.ttl) return {};
  if (milliseconds(*options.ttl) < 1) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "ttl is shorter than a millisecond",
                 .expected = "1 ms or more"};
  }
  if (options.old_ttl == SetOptions::OldTtl::kept) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "ttl is given, and the old one is to be kept",
                 .expected = "one of the two"};
  }
  return {};
}

Set::Set(Key key, std::string_view value, const SetOptions& options) {
  args_[count_++] = key;
  args_[count_++] = value;
  if (options.when != When::always) {
    args_[count_++] = options.when == When::if_absent ? "NX" : "XX";
  }
  if (options.ttl) {
    char* const end = milliseconds_.data() + milliseconds_.size();
    const auto digits = std::to_chars(milliseconds_.data(), end, milliseconds(*options.ttl));
    args_[count_++] = "PX";
    args_[count_++] = {milliseconds_.data(),
                       static_cast<std::size_t>(digits.ptr - milliseconds_.data())};
  } else if (options.old_ttl == SetOptions::OldTtl::kept) {
    args_[count_++] = "KEEPTTL";
  }
}

Set::operator CommandView() const {
  CommandView command = open<"SET">();
  command.args = std::span(args_).first(count_);
  return command;
}

}  // namespace plimsoll::commands

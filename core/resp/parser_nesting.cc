#include "plimsoll/core/resp/parser_steps.h"

// The parts of the parser that end aggregates of no length, and count those that are too deep.

namespace plimsoll {

// One that nests beyond the levels that there are. It is an element of the one that it is in, and
// has its own in place of that; an attribute is no element.
Parser::Step Parser::parse_deep_aggregate(Type type, std::uint64_t length, const char*& p,
                                          const char* next) {
  const bool is_attribute = type == Type::attribute;
  const bool pairs = type == Type::map || is_attribute;
  const std::uint64_t elements = pairs ? length * 2 : length;
  note_value(type);
  drop(Drop::too_deep, p);
  if (length == 0) {
    p = next;
    if (!is_attribute) return complete_value(p);
    after_attribute_ = true;
    return Step::go_on;
  }
  if (depth_ == nesting_depth_max) {
    levels_[depth_++] = Level{.head = &scratch_,
                              .left = static_cast<std::uint32_t>(elements),
                              .type = type,
                              .streamed = false};
  } else {
    std::uint32_t& left = levels_[nesting_depth_max].left;
    const std::uint64_t all = left + elements - (is_attribute ? 0 : 1);
    if (all > skipped_elements_max) {
      return fail(p + 1, "aggregates that are nested too deeply are too long",
                  "at most skipped_elements_max (2147483648) elements");
    }
    left = static_cast<std::uint32_t>(all);
  }
  p = next;
  return Step::go_on;
}

Parser::Step Parser::parse_stream_end(const char*& p, const char* end) {
  if (depth_ == 0 || !levels_[depth_ - 1].streamed) {
    return fail(p, "end of a streamed aggregate where none is open", "a value");
  }
  const Step step = expect(p + 1, end, "\r\n", "end of a streamed aggregate is not empty");
  if (step != Step::go_on) return step;
  const Level& top = levels_[depth_ - 1];
  if (after_attribute_) return fail(p, "attribute describes nothing", "a value");
  if (top.type == Type::map && top.left % 2 != 0) {
    return fail(p, "streamed map ends behind a key", "its value");
  }
  if (drop_ == Drop::none) {
    top.head->size = top.type == Type::map ? top.left / 2 : top.left;
    top.head->end = tape_.position();
  }
  --depth_;
  p += 3;
  return complete_value(p);
}

}  // namespace plimsoll

#pragma once

#include "plimsoll/core/resp/parser.h"

// Inside the parser only: the steps that every kind of value takes.

namespace plimsoll {

inline Node* Parser::add(Type type, std::uint32_t size) {
  Node* node = &scratch_;
  if (drop_ == Drop::none) {
    node = tape_.append();
    if (node == nullptr) {
      drop(Drop::too_large);
      node = &scratch_;
    }
  }
  node->type = type;
  node->split = false;
  node->size = size;
  return node;
}

// What every header does first: the frame's own type decides whether anyone wants it.
inline void Parser::note_value(Type type) {
  after_attribute_ = false;
  if (depth_ != 0 || type == Type::attribute) return;
  frame_type_ = type;
  type_known_ = true;
  if (!replies_wanted_ && type != Type::push) drop(Drop::unwanted);
}

// A value is whole: so may be the aggregates that it ends.
inline Parser::Step Parser::complete_value(const char* p) {
  while (depth_ > 0) {
    Level& top = levels_[depth_ - 1];
    if (top.streamed) {
      const std::size_t most =
          top.type == Type::map ? aggregate_elements_max * 2 : aggregate_elements_max;
      return ++top.left <= most ? Step::go_on
                                : fail(p, "streamed aggregate is too long",
                                       "at most aggregate_elements_max (134217728) elements");
    }
    if (--top.left > 0) return Step::go_on;
    if (drop_ == Drop::none) top.head->end = tape_.position();
    --depth_;
    if (top.type == Type::attribute) {
      after_attribute_ = true;
      return Step::go_on;
    }
  }
  return Step::frame;
}

}  // namespace plimsoll

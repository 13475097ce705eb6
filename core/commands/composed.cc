#include "plimsoll/core/commands/composed.h"

#include <memory>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/answer.h"

namespace plimsoll::inline v0::commands {
namespace {

template <class Item>
const Item* items(const ArgumentList& list) {
  return static_cast<const Item*>(list.items);
}

void walk_words(const ArgumentList& list, const ArgumentSink& sink) {
  for (std::size_t i = 0; i < list.count; ++i) sink(items<std::string_view>(list)[i]);
}

void walk_pairs(const ArgumentList& list, const ArgumentSink& sink) {
  for (std::size_t i = 0; i < list.count; ++i) {
    sink(items<ArgumentPair>(list)[i].first);
    sink(items<ArgumentPair>(list)[i].second);
  }
}

void walk_firsts(const ArgumentList& list, const ArgumentSink& sink) {
  for (std::size_t i = 0; i < list.count; ++i) sink(items<ArgumentPair>(list)[i].first);
}

void walk_seconds(const ArgumentList& list, const ArgumentSink& sink) {
  for (std::size_t i = 0; i < list.count; ++i) sink(items<ArgumentPair>(list)[i].second);
}

void walk_integers(const ArgumentList& list, const ArgumentSink& sink) {
  NumberText text;
  for (std::size_t i = 0; i < list.count; ++i) sink(text.integer(items<std::int64_t>(list)[i]));
}

void walk_reals(const ArgumentList& list, const ArgumentSink& sink) {
  NumberText text;
  for (std::size_t i = 0; i < list.count; ++i) sink(text.real(items<double>(list)[i]));
}

}  // namespace

Composed::Composed(const Composed& other)
    : head_(other.head_),
      block_time_(other.block_time_),
      row_number_(other.row_number_),
      effect_(other.effect_),
      head_parts_(other.head_parts_),
      first_run_(other.first_run_),
      lists_count_(other.lists_count_),
      ends_with_own_words_(other.ends_with_own_words_),
      row_(other.row_) {
  std::uninitialized_copy_n(other.lists_.begin(), lists_count_, lists_.begin());
  // A list of the other's own words must refer to the copies of these words in this object.
  std::size_t own_words = first_run_;
  const auto theirs = other.row_.words();
  for (ArgumentList& list : std::span(lists_).first(lists_count_)) {
    if (own_words == theirs.size() || list.items != &theirs[own_words]) continue;
    list.items = &row_.words()[own_words];
    own_words += list.count;
  }
}

Status Composed::status() const {
  if (row_.refusal()) return *row_.refusal();
  return {};
}

Composed::operator CommandView() const {
  CommandView command;
  command.head = head_;
  command.head_parts = head_parts_;
  command.effect = effect_;
  command.row = row_number_;
  command.answer = answer_to(row_number_);
  command.block_time = block_time_;
  command.args = row_.words().first(first_run_);
  command.lists = std::span(lists_).first(lists_count_);
  return command;
}

void Composed::word(std::string_view text) {
  row_.word(text);
  count_words(1);
}

void Composed::integer(std::int64_t number) {
  row_.integer(number);
  count_words(1);
}

void Composed::real(double number) {
  row_.real(number);
  count_words(1);
}

void Composed::bound(const Bound& bound) {
  switch (bound.kind()) {
    case Bound::Kind::text: row_.word(bound.text()); break;
    case Bound::Kind::integer: row_.integer(bound.integer()); break;
    case Bound::Kind::real: row_.real(bound.real()); break;
    case Bound::Kind::exclusive: row_.exclusive(bound.real()); break;
  }
  count_words(1);
}

void Composed::choice(const Choice& choice) {
  if (choice.refusal()) row_.refuse(*choice.refusal());
  for (std::string_view text : choice.words()) word(text);
}

void Composed::count_words(std::size_t added) {
  if (lists_count_ == 0) {
    first_run_ += static_cast<std::uint8_t>(added);
    return;
  }
  ArgumentList& last = lists_[lists_count_ - 1];
  const std::string_view* const begin = row_.words().data() + row_.words().size() - added;
  if (ends_with_own_words_) {
    last.count += added;
    last.parts += added;
    return;
  }
  add_list({.items = begin, .count = added, .parts = added, .walk = &walk_words, .lasts = true});
  ends_with_own_words_ = true;
}

void Composed::add_list(const ArgumentList& list) {
  PLIMSOLL_CHECK(lists_count_ < composed_lists_max);
  ends_with_own_words_ = false;
  std::construct_at(&lists_[lists_count_++], list);
}

void Composed::list(const ArgumentList& list) { add_list(list); }

void Composed::texts(std::span<const std::string_view> words) {
  add_list({words.data(), words.size(), words.size(), &walk_words, true});
}

void Composed::pairs(std::span<const ArgumentPair> pairs) {
  add_list({pairs.data(), pairs.size(), pairs.size() * 2, &walk_pairs, true});
}

void Composed::columns(std::span<const ArgumentPair> pairs) {
  add_list({pairs.data(), pairs.size(), pairs.size(), &walk_firsts, true});
  add_list({pairs.data(), pairs.size(), pairs.size(), &walk_seconds, true});
}

void Composed::integers(std::span<const std::int64_t> numbers) {
  add_list({numbers.data(), numbers.size(), numbers.size(), &walk_integers});
}

void Composed::reals(std::span<const double> numbers) {
  for (double number : numbers) check_real(number);
  add_list({numbers.data(), numbers.size(), numbers.size(), &walk_reals});
}

void Composed::needs(std::size_t words) {
  if (CommandView(*this).parts() < words) refuse("too few options", "one of them at least");
}

void Composed::wait_seconds(Duration wait) {
  if (wait < Duration::zero()) {
    refuse("the time to wait is negative", "zero, which is for ever, or more");
    wait = Duration::zero();
  }
  block_time_ = wait == Duration::zero() ? CommandView::forever : wait;
  row_.seconds(wait);
  count_words(1);
}

void Composed::wait_milliseconds(std::chrono::milliseconds wait) {
  constexpr auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  if (wait < wait.zero())
    refuse("the time to wait is negative", "zero, which is for ever, or more");
  const bool ends = wait > wait.zero() && wait < longest;
  block_time_ = ends ? Duration(wait) : CommandView::forever;
  integer(wait.count());
}

}  // namespace plimsoll::inline v0::commands

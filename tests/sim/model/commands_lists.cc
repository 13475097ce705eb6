#include <algorithm>
#include <optional>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

enum class End { left, right };

void push(Call& call, End end) {
  const std::string_view key = call.arguments[1];
  List* const list = find_or_make<List>(call, key);
  if (list == nullptr) return;
  for (const std::string_view element : call.arguments.subspan(2)) {
    if (end == End::left) {
      list->emplace_front(element);
    } else {
      list->emplace_back(element);
    }
  }
  call.key_changed(key);
  call.reply.integer(static_cast<std::int64_t>(list->size()));
}

void lpush(Call& call) { push(call, End::left); }
void rpush(Call& call) { push(call, End::right); }

void reply_with_end(Call& call, List& list, End end) {
  call.reply.bulk(end == End::left ? list.front() : list.back());
  if (end == End::left) {
    list.pop_front();
  } else {
    list.pop_back();
  }
}

void pop(Call& call, End end) {
  if (call.arguments.size() > 3) return call.reply.error(wrong_arity_text(call.command));
  const std::string_view key = call.arguments[1];
  const bool counted = call.arguments.size() == 3;
  std::int64_t count = 1;
  if (counted) {
    constexpr std::string_view error = "value is out of range, must be positive";
    const std::optional<std::int64_t> number = integer_argument(call, 2, error);
    if (!number) return;
    if (*number < 0) return call.reply.error(error);
    count = *number;
  }
  const std::optional<List*> list = find_as<List>(call, key);
  if (!list) return;
  if (*list == nullptr) return counted ? call.reply.null_array() : call.reply.null();
  if (count == 0) return call.reply.array(0);

  count = std::min(count, static_cast<std::int64_t>((*list)->size()));
  if (counted) call.reply.array(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) reply_with_end(call, **list, end);
  if ((*list)->empty()) call.database().erase(key);
  call.key_changed(key);
}

void lpop(Call& call) { pop(call, End::left); }
void rpop(Call& call) { pop(call, End::right); }

void llen(Call& call) {
  const std::optional<List*> list = find_as<List>(call, call.arguments[1]);
  if (list) call.reply.integer(*list ? static_cast<std::int64_t>((*list)->size()) : 0);
}

void lrange(Call& call) {
  const std::optional<std::int64_t> first = integer_argument(call, 2);
  if (!first) return;
  const std::optional<std::int64_t> last = integer_argument(call, 3);
  if (!last) return;
  const std::optional<List*> list = find_as<List>(call, call.arguments[1]);
  if (!list) return;
  const std::int64_t size = *list ? static_cast<std::int64_t>((*list)->size()) : 0;
  const std::int64_t begin = std::max<std::int64_t>(*first < 0 ? *first + size : *first, 0);
  const std::int64_t end = std::min((*last < 0 ? *last + size : *last), size - 1) + 1;
  call.reply.array(begin < end ? static_cast<std::size_t>(end - begin) : 0);
  for (std::int64_t i = begin; i < end; ++i) {
    call.reply.bulk((**list)[static_cast<std::size_t>(i)]);
  }
}

constexpr Command list_table[] = {
    {"lpush", -3, flag_write, first_argument, lpush},
    {"rpush", -3, flag_write, first_argument, rpush},
    {"lpop", -2, flag_write, first_argument, lpop},
    {"rpop", -2, flag_write, first_argument, rpop},
    {"llen", 2, flag_read, first_argument, llen},
    {"lrange", 4, flag_read, first_argument, lrange},
};

}  // namespace

std::span<const Command> list_commands() { return list_table; }

}  // namespace plimsoll::sim::model

#include "plimsoll/tests/sim/client/request.h"

#include <algorithm>
#include <charconv>

namespace plimsoll::sim {
namespace {

constexpr std::uint64_t keys_count = 24;

// From the words: "MGET" with eight keys and a number, and values of any size.
constexpr std::size_t text_bytes_max = 600;

std::uint64_t parse(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

const char* name(RequestKind kind) {
  constexpr std::array<const char*, request_kinds_count> names = {
      "SET",    "HSET",   "HMGET", "MGET", "EXISTS", "DEL",
      "APPEND", "INCRBY", "ECHO",  "PING", "GET",    "INCR",
  };
  return names[static_cast<std::size_t>(kind)];
}

bool is_read(RequestKind kind) {
  switch (kind) {
    case RequestKind::hmget:
    case RequestKind::mget:
    case RequestKind::exists:
    case RequestKind::echo:
    case RequestKind::ping:
    case RequestKind::get: return true;
    case RequestKind::set:
    case RequestKind::hset:
    case RequestKind::del:
    case RequestKind::append:
    case RequestKind::incrby:
    case RequestKind::incr: return false;
  }
  return false;
}

bool is_numbered(RequestKind kind) { return kind != RequestKind::get && kind != RequestKind::incr; }

std::string_view RequestWriter::add_number(char prefix, std::uint64_t number) {
  const std::size_t begin = text_.size();
  text_ += prefix;
  std::array<char, 20> digits;
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text_.append(digits.data(), end);
  return std::string_view(text_).substr(begin);
}

std::string_view RequestWriter::add_value(std::string_view key, std::uint64_t number,
                                          std::size_t bytes) {
  const std::size_t begin = text_.size();
  text_ += key;
  add_number('#', number);
  text_.append(1, ':');
  text_.append(bytes, static_cast<char>('a' + number % 26));
  return std::string_view(text_).substr(begin);
}

CommandView RequestWriter::write(RequestKind kind, std::uint64_t number, std::size_t value_bytes,
                                 Random& random) {
  text_.clear();
  text_.reserve(text_bytes_max + value_bytes);  // the words do not move
  const auto key = [&](char prefix) { return add_number(prefix, random.below(keys_count)); };
  std::size_t count = 0;
  const auto add = [&](std::string_view word) { return words_[count++] = word; };
  add(name(kind));
  switch (kind) {
    case RequestKind::set: add(add_value(add(key('k')), number, value_bytes)); break;
    case RequestKind::append: add(add_value(add(key('a')), number, 0)); break;
    case RequestKind::echo:
    case RequestKind::ping: add(add_value("", number, value_bytes)); break;
    case RequestKind::hset:
      add(key('h'));
      add(key('f'));
      add(add_value(words_[2], number, value_bytes));
      break;
    case RequestKind::hmget:
      add(key('h'));
      add(key('f'));
      add(add_number('#', number));
      break;
    case RequestKind::mget:
      for (std::uint64_t left = random.between(1, 8); left > 0; --left) add(key('k'));
      add(add_number('#', number));
      break;
    case RequestKind::exists:
      add(key('k'));
      add(add_number('#', number));
      break;
    case RequestKind::del:
      add(key(random.one_in(2) ? 'k' : 'a'));
      add(add_number('#', number));
      break;
    case RequestKind::incrby:
      add(key('n'));
      add(add_number('0', number).substr(1));
      break;
    case RequestKind::get: add(key('k')); break;
    case RequestKind::incr: add(key('n')); break;
  }
  CommandView command;
  command.args = std::span(words_).first(count);
  if (is_read(kind)) command.effect = CommandView::Effect::read;
  return command;
}

// Keys are short.
constexpr std::size_t mark_place_max = 8;

Mark mark_of(std::string_view word) {
  const std::size_t place = word.substr(0, mark_place_max).find('#');
  if (place == std::string_view::npos) return {};
  word.remove_prefix(place + 1);
  Mark mark{.number = parse(word)};
  const std::size_t colon = word.substr(0, 24).find(':');
  if (colon == std::string_view::npos) return mark;
  word.remove_prefix(colon + 1);
  mark.part = parse(word);
  const std::size_t slash = word.substr(0, 24).find('/');
  if (slash != std::string_view::npos) mark.parts = parse(word.substr(slash + 1));
  return mark;
}

std::string marked(std::string_view key, const Mark& mark) {
  std::string word(key);
  word += '#' + std::to_string(mark.number) + ':' + std::to_string(mark.part);
  if (mark.parts > 0) word += '/' + std::to_string(mark.parts);
  return word;
}

std::uint64_t number_of(std::span<const std::string_view> words) {
  if (words.size() < 2) return 0;
  if (words[0] == "BLPOP" || words[0] == "BRPOP") return mark_of(words[1]).number;
  const std::string_view last = words.back();
  if (words[0] == name(RequestKind::incrby)) return parse(last);
  const std::size_t mark = last.substr(0, 8).find('#');
  return mark == std::string_view::npos ? 0 : parse(last.substr(mark + 1));
}

}  // namespace plimsoll::sim

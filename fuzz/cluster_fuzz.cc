#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/cluster/redirection.h"
#include "plimsoll/core/cluster/routing.h"
#include "plimsoll/core/cluster/slots_reply.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/core/resp/reading.h"

// What a node of a cluster may say, against naive readers. The first letter of the input says what
// follows: M and A: the text of an error, with that letter and without; S: a reply to CLUSTER
// SLOTS, whose second byte says in how large pieces it comes; anything else: a transaction as a
// caller hands it over, which is no node's, but read by hand as well.

namespace plimsoll::fuzz {
namespace {

using testing::ReplyMemory;

constexpr std::string_view asked_host = "asked.example";

// --- redirections ---

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// -1: no number of one to five digits.
long naive_number(const std::string& text) {
  const bool is_number = !text.empty() && text.size() <= 5 &&
                         text.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? std::stol(text) : -1;
}

std::string naive_redirection(std::string_view text) {
  const std::vector<std::string> words = split(text, ' ');
  if (words.size() != 3 || (words[0] != "MOVED" && words[0] != "ASK")) return "nothing";
  const long slot = naive_number(words[1]);
  const std::vector<std::string> address = split(words[2], ':');
  const long port = address.size() < 2 ? -1 : naive_number(address.back());
  if (slot < 0 || slot > 16383 || port < 1 || port > 65535) return "nothing";
  const std::string host = words[2].substr(0, words[2].size() - address.back().size() - 1);
  return words[0] + " " + std::to_string(slot) + " " + host + " " + std::to_string(port);
}

void check_redirection(std::string_view text) {
  const std::string copy(text);  // a heap block of its size, so that a sanitizer sees its end
  const auto read = read_redirection(copy);
  std::string shown = "nothing";
  if (read) {
    shown = read->kind == Redirection::Kind::moved ? "MOVED " : "ASK ";
    shown += std::to_string(read->slot) + " " + std::string(read->host) + " " +
             std::to_string(read->port);
  }
  expect_equal("a redirection", shown, naive_redirection(text));
}

// --- CLUSTER SLOTS ---

struct Tree {
  Type type;
  std::int64_t integer = 0;
  std::string bytes{};
  std::vector<Tree> elements{};
};

Tree tree_of(const Value& value) {
  Tree tree{.type = value.type()};
  if (const auto integer = value.as_integer()) tree.integer = *integer;
  if (const auto bytes = value.as_bytes()) {
    tree.bytes.resize(bytes->size());
    bytes->copy_to(tree.bytes.data());
  }
  if (value.type() != Type::array) return tree;
  for (const Value& each : *value.as_elements()) tree.elements.push_back(tree_of(each));
  return tree;
}

bool is_text(const Tree& tree) {
  return tree.type == Type::bulk_string || tree.type == Type::simple_string;
}

bool is_text_or_null(const Tree& tree) { return is_text(tree) || tree.type == Type::null; }

bool is_integer_up_to(const Tree& tree, std::int64_t limit) {
  return tree.type == Type::integer && tree.integer >= 0 && tree.integer <= limit;
}

bool is_node(const Tree& tree) {
  const auto& parts = tree.elements;
  return tree.type == Type::array && parts.size() >= 2 && is_text_or_null(parts[0]) &&
         is_integer_up_to(parts[1], 65535) && (parts.size() == 2 || is_text_or_null(parts[2]));
}

std::string naive_node(const Tree& tree) {
  const std::string& told = tree.elements[0].bytes;
  const std::string host = told.empty() ? std::string(asked_host) : told;
  constexpr auto letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-._%";
  const bool is_host = host.size() <= 253 && host.find_first_not_of(letters) == std::string::npos;
  const std::int64_t port = tree.elements[1].integer;
  const std::string id = tree.elements.size() > 2 ? tree.elements[2].bytes : "";
  const bool is_id =
      id.size() == 40 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return (is_host && port > 0 ? host + " " + std::to_string(port) : std::string("-")) +
         (is_id ? " " + id : "");
}

// Nothing if this is no reply to CLUSTER SLOTS.
std::optional<std::string> naive_slots(const Tree& reply) {
  if (reply.type != Type::array) return std::nullopt;
  std::set<std::int64_t> served;
  std::string shown;
  for (const Tree& range : reply.elements) {
    const auto& parts = range.elements;
    if (range.type != Type::array || parts.size() < 3 || !is_integer_up_to(parts[0], 16383) ||
        !is_integer_up_to(parts[1], 16383) || parts[0].integer > parts[1].integer) {
      return std::nullopt;
    }
    const std::span<const Tree> nodes = std::span(parts).subspan(2);
    if (!std::all_of(nodes.begin(), nodes.end(), is_node)) return std::nullopt;
    for (std::int64_t slot = parts[0].integer; slot <= parts[1].integer; ++slot) {
      if (!served.insert(slot).second) return std::nullopt;
    }
    shown += std::to_string(parts[0].integer) + "-" + std::to_string(parts[1].integer);
    for (const Tree& each : nodes.first(std::min<std::size_t>(nodes.size(), 9))) {
      shown += "/" + naive_node(each);
    }
    shown += "\n";
  }
  return shown;
}

std::string show(const SlotsReply& reply) {
  std::string shown;
  reply.for_each([&shown](Slot first, Slot last, std::span<const SlotsNode> nodes) {
    shown += std::to_string(first) + "-" + std::to_string(last);
    for (const SlotsNode& each : nodes) {
      const NodeAddress& address = each.address;
      shown += address.empty()
                   ? "/-"
                   : "/" + std::string(address.host()) + " " + std::to_string(address.port());
      if (is_known(each.id)) shown += " " + std::string(each.id.begin(), each.id.end());
    }
    shown += "\n";
  });
  return shown;
}

void check_slots_of(const Value& value) {
  const auto expected = naive_slots(tree_of(value));
  const auto read = SlotsReply::read(value, asked_host);
  expect("whether it is a reply to CLUSTER SLOTS", read.ok() == expected.has_value());
  if (!read) return expect("the error", read.error().code == ErrorCode::protocol_error);
  expect_equal("the slots", show(*read), *expected);
  expect("whether slots are served", read->empty() == expected->empty());
}

void check_slots(std::string_view bytes, std::size_t piece_bytes) {
  static ReplyMemory memory;
  Reader reader(*memory.account, {});
  while (!bytes.empty()) {
    const std::span<char> room = reader.read_space();
    const std::size_t taken = std::min({room.size(), piece_bytes, bytes.size()});
    if (taken == 0) return;
    std::memcpy(room.data(), bytes.data(), taken);
    reader.handle_read(taken);
    bytes.remove_prefix(taken);
    Reader::Poll poll = reader.next(true);
    while (poll == Reader::Poll::frame) {
      if (reader.dropped() == Parser::Drop::none) check_slots_of(reader.value());
      poll = reader.next(true);
    }
    if (poll == Reader::Poll::failed) return;
  }
}

// --- transactions ---

// Cuts "<sign>123\r\n" off. No digits are 0.
std::optional<std::size_t> take_header(std::string_view& text, char sign) {
  if (text.empty() || text[0] != sign) return std::nullopt;
  const std::size_t end = text.find('\r');
  if (end == std::string_view::npos || text.substr(end, 2) != "\r\n") return std::nullopt;
  std::size_t number = 0;
  for (const char c : text.substr(1, end - 1)) {
    if (c < '0' || c > '9' || number > UINT32_MAX) return std::nullopt;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  text.remove_prefix(end + 2);
  return number;
}

std::optional<std::vector<std::string_view>> take_command(std::string_view& text) {
  const auto count = take_header(text, '*');
  if (!count || *count == 0) return std::nullopt;
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto size = take_header(text, '$');
    if (!size || text.size() < *size || text.substr(*size, 2) != "\r\n") return std::nullopt;
    words.push_back(text.substr(0, *size));
    text.remove_prefix(*size + 2);
  }
  return words;
}

std::string show(const Route& route) {
  const bool has_slot = route.kind == Route::Kind::one_slot;
  return std::to_string(static_cast<int>(route.kind)) +
         (has_slot ? " " + std::to_string(route.slot) : "") +
         (route.is_for_every_node ? ", every node" : "");
}

struct NaiveRoute {
  Route route;
  bool is_whole = true;  // the text ends behind a command
};

// Each command by itself.
NaiveRoute naive_route(std::string_view text) {
  NaiveRoute naive;
  Route& all = naive.route;
  if (text.empty()) all.kind = Route::Kind::unclear;
  while (!text.empty()) {
    const auto words = take_command(text);
    if (!words) return {.route = {.kind = Route::Kind::unclear}, .is_whole = false};
    CommandView command;
    command.args = *words;
    const Route one = route_of(command);
    all.is_for_every_node |= one.is_for_every_node;
    if (one.kind == Route::Kind::no_key || all.kind == Route::Kind::unclear) continue;
    if (all.kind == Route::Kind::no_key || one.kind == Route::Kind::unclear) {
      all.kind = one.kind;
      all.slot = one.slot;
    } else if (one.kind == Route::Kind::several_slots || one.slot != all.slot) {
      all.kind = Route::Kind::several_slots;
    }
  }
  return naive;
}

// The bytes around each word in pieces of their own: one, or one for each byte.
struct Cut {
  std::string_view text;
  std::size_t piece_bytes;
};

void walk_cut(const ArgumentList& list, const ArgumentSink& sink) {
  const Cut& cut = *static_cast<const Cut*>(list.items);
  const auto give = [&](std::string_view around) {
    while (!around.empty()) {
      sink(around.substr(0, cut.piece_bytes));
      around.remove_prefix(std::min(cut.piece_bytes, around.size()));
    }
  };
  std::string_view rest = cut.text;
  std::size_t from = 0;
  for (auto words = take_command(rest); words; words = take_command(rest)) {
    for (const std::string_view word : *words) {
      const auto at = static_cast<std::size_t>(word.data() - cut.text.data());
      give(cut.text.substr(from, at - from));
      sink(word);
      from = at + word.size();
    }
  }
  give(cut.text.substr(from));
}

void check_transaction(std::string_view text) {
  const std::string copy(text);
  CommandView whole = CommandView::from_encoded(copy);
  whole.answers = 3;
  const NaiveRoute naive = naive_route(copy);
  const std::string expected = show(naive.route);
  const Route route = route_of(whole);
  // A keyword is looked for among the first words only.
  if (route.kind == Route::Kind::unclear && copy.size() > 5 * commands::first_words_max) return;
  if (!naive.is_whole) {
    // Of a command that is cut off, the name may have been read.
    return expect_equal("a cut transaction's route", show({.kind = route.kind}), expected);
  }
  expect_equal("a transaction's route", show(route), expected);
  for (const std::size_t piece_bytes : {std::size_t{1}, copy.size()}) {
    const Cut cut{.text = copy, .piece_bytes = piece_bytes};
    const ArgumentList list{.items = &cut, .walk = &walk_cut, .is_encoded = true};
    CommandView pieces = CommandView::from_encoded({});
    pieces.answers = 3;
    pieces.lists = {&list, 1};
    expect_equal("its route in pieces", show(route_of(pieces)), expected);
  }
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with("S") && size >= 2) {
    check_slots(input.substr(2), SIZE_MAX);
    check_slots(input.substr(2), 1 + data[1] % 64u);
  } else if (input.starts_with("M") || input.starts_with("A")) {
    check_redirection(input);
    check_redirection(input.substr(1));
  } else {
    check_transaction(input);
  }
  return 0;
}

#include "plimsoll/core/cluster/self_report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace plimsoll::inline v0 {
namespace {

Error not_a_report(const char* what, const char* expected) {
  return {.code = ErrorCode::protocol_error,
          .executed = Executed::yes,
          .what = what,
          .expected = expected};
}

// FNV-1a with 64 bits: two texts that differ have the same digest once in 2^64 times.
std::uint64_t digest_of(std::string_view text) {
  std::uint64_t digest = 0xcbf29ce484222325;
  for (const char c : text) {
    digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return digest ^ digest >> 32;
}

std::optional<Slot> slot_in(std::string_view text) {
  std::uint32_t slot = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, slot);
  if (problem != std::errc() || stop != end || slot >= slots_count) return std::nullopt;
  return static_cast<Slot>(slot);
}

// Calls `take(char)` for each byte of a text that may lie in pieces.
template <class Take>
void for_each_letter(const BytesView& text, Take&& take) {
  text.for_each_piece([&take](std::string_view piece) {
    for (const char c : piece) take(c);
  });
}

// Reads the answer to CLUSTER NODES letter by letter, and keeps one word at a time:
//
//   <id> <address> <flags> <primary> <ping> <pong> <epoch> <link> <slots>...
//
// Slots are "5500", "0-5460", or "[93->-<id>]" for one that is on its way to another node. The
// flags are "myself,master" in the line of the node that was asked.
class SelfLine {
 public:
  explicit SelfLine(SelfReport& report) : report_(report) {}

  void take(char c) {
    if (c == '\n' || c == ' ') {
      end_word();
      if (c == '\n') end_line();
    } else if (!is_passed_ && size_ < word_.size()) {
      word_[size_++] = c;
    } else {
      is_cut_ = true;
    }
  }

  Status end() {
    end_word();
    end_line();
    if (is_garbled_) {
      return not_a_report("the reply to CLUSTER NODES is garbled in the line of the node itself",
                          "an id, flags, an epoch and slots up to 16383");
    }
    if (!has_self_) {
      return not_a_report("the reply to CLUSTER NODES has no line of the node that was asked",
                          "a line with the flag \"myself\"");
    }
    report_.at_rest.remove(open_);
    return {};
  }

 private:
  enum Place : std::uint8_t { id, address, flags, primary, ping, pong, epoch, link, slots };

  // Other nodes' lines are passed over once their flags are known.
  void end_word() {
    const std::string_view word(word_.data(), std::exchange(size_, 0));
    const bool is_cut = std::exchange(is_cut_, false);
    if (is_passed_ || word.empty()) return;
    if (place_ == Place::id) {
      const std::optional<NodeId> read = read_node_id(word);
      line_id_ = read ? *read : NodeId{};
    } else if (place_ == Place::flags) {
      take_flags(word);
    } else if (place_ == Place::epoch) {
      report_.came += digest_of(word);
      report_.settled += digest_of(word);
    } else if (place_ >= Place::slots) {
      is_garbled_ = is_garbled_ || is_cut || !take_slots(word);
    }
    if (place_ < Place::slots) place_ = static_cast<Place>(place_ + 1);
  }

  void end_line() {
    is_garbled_ = is_garbled_ || (is_self_ && place_ < Place::slots);
    place_ = Place::id;
    is_passed_ = is_self_ = false;
  }

  void take_flags(std::string_view word) {
    bool is_primary = false;
    while (!word.empty()) {
      const std::size_t end = std::min(word.find(','), word.size());
      const std::string_view flag = word.substr(0, end);
      is_self_ = is_self_ || flag == "myself";
      is_primary = is_primary || flag == "master" || flag == "primary";
      word.remove_prefix(std::min(end + 1, word.size()));
    }
    is_passed_ = !is_self_;
    if (!is_self_) return;
    is_garbled_ = is_garbled_ || has_self_ || !is_known(line_id_);
    has_self_ = true;
    report_.id = line_id_;
    report_.is_primary = is_primary;
  }

  // "[93->-<id>]" goes to that node, "[77-<-<id>]" comes from it.
  bool take_slots(std::string_view word) {
    const std::size_t dash = word.find('-');
    if (word.front() == '[') {
      const auto slot = dash == word.npos ? std::nullopt : slot_in(word.substr(1, dash - 1));
      if (slot) open_.add(*slot);
      return slot.has_value();
    }
    const std::optional<Slot> first = slot_in(word.substr(0, dash));
    const std::optional<Slot> last =
        dash == std::string_view::npos ? first : slot_in(word.substr(dash + 1));
    if (!first || !last || *first > *last) return false;
    report_.at_rest.add_range(*first, *last);
    return true;
  }

  SelfReport& report_;
  SlotSet open_;
  // The longest word that counts is that of a slot on its way: 51 letters.
  std::array<char, 64> word_;
  std::size_t size_ = 0;
  Place place_ = Place::id;
  NodeId line_id_{};
  bool is_cut_ = false;     // the word was longer
  bool is_passed_ = false;  // nothing that is left of this line counts
  bool is_self_ = false;    // this is the node's own line
  bool has_self_ = false;
  bool is_garbled_ = false;
};

// Whether a name is one of these.
template <std::size_t count>
bool is_any_of(std::string_view name, const std::string_view (&names)[count]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Where whole slots are moved at once (Valkey 9, Redis 8.4), these run at the node that has them.
constexpr std::string_view moving_slots[] = {"cluster|migrateslots", "cluster|syncslots",
                                             "cluster|migration"};
// Servers before 7.0 count all subcommands as one: `cluster`, `config`.
constexpr std::string_view settling[] = {"cluster|setslot", "cluster"};
constexpr std::string_view resetting[] = {"config|resetstat", "config"};

}  // namespace

Status SelfReport::read_nodes(const BytesView& text) {
  SelfLine line(*this);
  for_each_letter(text, [&line](char c) { line.take(c); });
  return line.end();
}

void SelfReport::read_fields(const BytesView& text) {
  // A longer line is cut off. The longest that counts is that of a command: some 120 letters.
  std::array<char, 256> line;
  std::size_t size = 0;
  for_each_letter(text, [&](char c) {
    if (c == '\n') {
      read_field({line.data(), std::exchange(size, 0)});
    } else if (size < line.size()) {
      line[size++] = c;
    }
  });
  read_field({line.data(), size});
}

void SelfReport::read_field(std::string_view line) {
  constexpr std::string_view of_command = "cmdstat_";
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  if (name.starts_with(of_command)) {
    note_command(name.substr(of_command.size()), digest_of(line));
  } else if (name == "run_id") {
    identity += digest_of(line);
    has_run_ = true;
  } else if (name == "master_replid") {
    identity += digest_of(line);
    has_history_ = true;
  } else if (name == "cluster_state") {
    is_serving = line.substr(colon + 1) == "ok";
    has_state_ = true;
  }
}

// The lines come in any order, so their digests are added.
void SelfReport::note_command(std::string_view name, std::uint64_t digest) {
  const bool moves_slots = is_any_of(name, moving_slots);
  const bool resets = is_any_of(name, resetting);
  if (resets || name == "restore-asking") came += digest;
  if (resets || moves_slots || name == "migrate") left += digest;
  if (resets || moves_slots || is_any_of(name, settling)) settled += digest;
  has_commands_ = has_commands_ || name.starts_with("cluster");
}

Status SelfReport::check() const {
  if (!has_run_ || !has_history_) {
    return not_a_report("a node's reply to INFO does not say who it is",
                        "the fields run_id and master_replid");
  }
  if (!has_state_) {
    return not_a_report("a node's reply to CLUSTER INFO does not say whether it serves its slots",
                        "the field cluster_state");
  }
  // CLUSTER NODES has just run.
  if (!has_commands_) {
    return not_a_report("a node's reply to INFO commandstats does not count commands of CLUSTER",
                        "a line for each command that has run");
  }
  return {};
}

}  // namespace plimsoll::inline v0

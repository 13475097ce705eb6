#include "plimsoll/tests/support/cluster_view.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <sstream>

namespace plimsoll::testing {
namespace {

std::uint16_t crc16(std::string_view text) {
  unsigned crc = 0;
  for (const char each : text) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(each)) << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
    }
  }
  return static_cast<std::uint16_t>(crc);
}

// "0-5460" or "93"; nothing for "[93->-ID]", which is a slot that moves.
std::optional<std::pair<std::uint16_t, std::uint16_t>> slots_of(const std::string& word) {
  if (word.empty() || word[0] == '[') return std::nullopt;
  const std::size_t dash = word.find('-');
  const auto first = static_cast<std::uint16_t>(std::stoul(word));
  if (dash == std::string::npos) return std::pair(first, first);
  return std::pair(first, static_cast<std::uint16_t>(std::stoul(word.substr(dash + 1))));
}

KnownNode known_node_of(const std::string& line) {
  // "ID ADDRESS FLAGS PRIMARY PING PONG EPOCH LINK SLOTS..."
  std::istringstream words(line);
  KnownNode node;
  std::string skipped;
  std::string link;
  words >> node.id >> skipped >> node.flags >> node.primary >> skipped >> skipped >> node.epoch >>
      link;
  node.is_linked = link == "connected";
  for (std::string word; words >> word;) {
    if (const auto slots = slots_of(word)) node.slots.push_back(*slots);
  }
  return node;
}

// A search for one slot's tag meets those of many others, and the next one goes on where it ended:
// from the beginning each time, that was four fifths of what some tests of clusters took.
class Tags {
 public:
  std::string of(std::uint16_t slot) {
    const std::scoped_lock lock(mutex_);
    while (tags_[slot].empty()) {
      const std::string number = std::to_string(next_++);
      std::string& tag = tags_[slot_of(number)];
      if (tag.empty()) tag = "{" + number + "}";
    }
    return tags_[slot];
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> tags_ = std::vector<std::string>(cluster_slots_count);
  std::size_t next_ = 0;
};

}  // namespace

std::vector<KnownNode> read_known_nodes(const std::string& text) {
  std::vector<KnownNode> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) all.push_back(known_node_of(line));
  }
  return all;
}

std::uint16_t slot_of(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return crc16(key) % cluster_slots_count;
}

std::string tag_of(std::uint16_t slot) {
  static Tags tags;
  return tags.of(slot);
}

bool KnownNode::has_flag(std::string_view flag) const {
  return ("," + flags + ",").find("," + std::string(flag) + ",") != std::string::npos;
}

bool KnownNode::owns(std::uint16_t slot) const {
  return std::any_of(slots.begin(), slots.end(),
                     [&](const auto& row) { return row.first <= slot && slot <= row.second; });
}

}  // namespace plimsoll::testing

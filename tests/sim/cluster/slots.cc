#include "plimsoll/tests/sim/cluster/slots.h"

#include <algorithm>
#include <map>
#include <vector>

namespace plimsoll::sim {

// CRC-16/XMODEM, bit by bit.
SlotNumber slot_of_key(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  std::uint32_t crc = 0;
  for (const char byte : key) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return static_cast<SlotNumber>(crc % all_slots_count);
}

std::string cluster_key(std::size_t number) {
  const char tag = static_cast<char>('a' + number / keys_in_slot_count);
  return std::string("{") + tag + '}' + std::to_string(number % keys_in_slot_count);
}

std::span<const std::string> keys_of_slot(SlotNumber slot) {
  static const auto all = [] {
    std::map<SlotNumber, std::vector<std::string>> keys;
    for (std::size_t i = 0; i < cluster_keys_count; ++i) {
      const std::string key = cluster_key(i);
      keys[slot_of_key(key)].push_back(key);
    }
    return keys;
  }();
  const auto found = all.find(slot);
  return found == all.end() ? std::span<const std::string>() : found->second;
}

std::span<const SlotNumber> used_slots() {
  static const auto all = [] {
    std::vector<SlotNumber> slots;
    for (std::size_t i = 0; i < cluster_keys_count; i += keys_in_slot_count) {
      slots.push_back(slot_of_key(cluster_key(i)));
    }
    return slots;
  }();
  return all;
}

}  // namespace plimsoll::sim

#include "plimsoll/native/bridge/shared/holder_names.h"

#include <array>
#include <charconv>
#include <memory>
#include <system_error>

#include <openssl/rand.h>

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {
namespace {

std::string new_name(std::uint8_t hub_number) {
  std::array<unsigned char, HolderNames::name_bytes / 2> random;
  PLIMSOLL_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  random[0] = hub_number;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (const unsigned char byte : random) {
    name += digits[byte >> 4];
    name += digits[byte & 15];
  }
  return name;
}

}  // namespace

std::optional<std::uint8_t> HolderNames::hub_number_of(std::string_view name) {
  constexpr std::size_t digits = 2;
  if (name.size() != name_bytes) return std::nullopt;
  std::uint8_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + digits, number, 16);
  if (problem != std::errc() || end != name.data() + digits) return std::nullopt;
  return number;
}

bool HolderNames::give(KeyHolder& holder, std::string_view owner) {
  forget(holder);
  if (!charge_.grow(bytes_each + owner.size())) return false;
  holder.name = std::make_unique<HolderName>(charge_, new_name(hub_number_), owner);
  holders_.emplace(holder.name->text, &holder);
  return true;
}

KeyHolder* HolderNames::find(std::string_view name, std::string_view owner) const {
  const auto found = holders_.find(name);
  return found == holders_.end() || found->second->name->owner != owner ? nullptr : found->second;
}

void HolderNames::forget(KeyHolder& holder) {
  if (holder.name == nullptr) return;
  if (holder.name->is_away) away_.erase(holder.name->place);
  charge_.shrink(bytes_each + holder.name->owner.size());
  holders_.erase(holder.name->text);
  holder.name.reset();
}

void HolderNames::leave(KeyHolder& holder, std::chrono::steady_clock::time_point now) {
  HolderName& name = *holder.name;
  name.is_away = true;
  name.left_at = now;
  name.place = away_.insert(away_.end(), &holder);
}

void HolderNames::come_back(KeyHolder& holder) {
  away_.erase(holder.name->place);
  holder.name->is_away = false;
}

}  // namespace plimsoll::bridge

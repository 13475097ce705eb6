#include "plimsoll/native/bridge/config/config_places.h"

#include <utility>

namespace plimsoll::bridge {

void ConfigPlaces::replace(std::string path, std::string option) {
  options_[std::move(path)] = std::move(option);
}

Place ConfigPlaces::of(std::string_view path) const {
  if (const auto option = options_.find(path); option != options_.end()) {
    return {.key = option->second};
  }
  Place place{.file = file_, .key = std::string(path)};
  for (;;) {
    if (const auto found = lines_.find(path); found != lines_.end()) {
      place.line = found->second;
      return place;
    }
    const std::size_t dot = path.rfind('.');
    if (dot == path.npos) return place;
    path = path.substr(0, dot);
  }
}

}  // namespace plimsoll::bridge

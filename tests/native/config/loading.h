#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/configuration.h"
#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing {

/// A file of a folder that goes with it.
class ConfigurationText {
 public:
  ConfigurationText() = default;
  explicit ConfigurationText(std::string_view text) { write(text); }

  void write(std::string_view text) const {
    std::ofstream(path(), std::ios::binary) << std::string(text);
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_.path() + "/" + name, std::ios::binary) << std::string(text);
  }

  const std::string& folder() const { return folder_.path(); }
  std::string path() const { return folder_.path() + "/a.toml"; }

 private:
  TemporaryDirectory folder_;
};

inline native::LoadOptions from_nothing() {
  native::LoadOptions from;
  from.environment.emplace();
  return from;
}

inline native::LoadOptions from_file(const ConfigurationText& file) {
  native::LoadOptions from = from_nothing();
  from.file = file.path();
  return from;
}

inline native::LoadOptions from_environment(std::vector<std::string> environment) {
  native::LoadOptions from;
  from.environment = std::move(environment);
  return from;
}

/// Why nothing could be loaded, with the folder left out of the file's name.
inline std::string refusal(const native::LoadOptions& from) {
  const auto loaded = native::load_configuration(from);
  if (loaded) return "none";
  std::string text(loaded.error().text());
  const std::size_t slash = from.file.rfind('/');
  if (slash == from.file.npos) return text;
  const std::string folder = from.file.substr(0, slash + 1);
  for (std::size_t at; (at = text.find(folder)) != text.npos;) text.erase(at, folder.size());
  return text;
}

inline std::string refusal_of(std::string_view text) {
  return refusal(from_file(ConfigurationText(text)));
}

}  // namespace plimsoll::testing

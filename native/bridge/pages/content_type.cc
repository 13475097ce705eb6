#include "plimsoll/native/bridge/pages/content_type.h"

#include <utility>

namespace plimsoll::bridge {
namespace {

// Must be right: the headers forbid browsers to guess (nosniff), so they refuse a script of another
// type.
constexpr std::pair<std::string_view, std::string_view> types[] = {
    {"css", "text/css; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webmanifest", "application/manifest+json"},
    {"woff2", "font/woff2"},
};

}  // namespace

std::string_view content_type_of(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  const std::string_view extension =
      dot == file_name.npos ? std::string_view() : file_name.substr(dot + 1);
  for (const auto& [known, type] : types) {
    if (known == extension) return type;
  }
  return "application/octet-stream";
}

}  // namespace plimsoll::bridge

// Reads a file whole, as it is or, where its name ends in .lz4, .xz, .gz, .bz2 or .zst, through
// apt's own decompressor (Debian keeps apt's lists compressed on some machines, and apt-helper is
// there wherever they are).
#pragma once

#include <filesystem>
#include <string>

namespace plimsoll::demo {

/// Throws BadInput that names the file and the reason.
std::string read_text(const std::filesystem::path& path);

}  // namespace plimsoll::demo

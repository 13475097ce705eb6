#include "plimsoll/bench/memory/figures.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

// In front of each figure: a child may have to say something else, too.
constexpr std::string_view mark = "figure ";

}  // namespace

double Figures::at(const std::string& name) const {
  const auto found = all_.find(name);
  if (found == all_.end()) fail("a child did not measure", name);
  return found->second;
}

void Figures::print() const {
  for (const auto& [name, value] : all_) std::printf("figure %.17g %s\n", value, name.c_str());
}

Figures Figures::parse(const std::string& text) {
  Figures figures;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(mark)) {
      std::fprintf(stderr, "%s\n", line.c_str());
      continue;
    }
    const auto space = line.find(' ', mark.size());
    figures[line.substr(space + 1)] = std::strtod(line.c_str() + mark.size(), nullptr);
  }
  return figures;
}

}  // namespace plimsoll::bench

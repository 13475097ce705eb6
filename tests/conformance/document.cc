#include "plimsoll/tests/conformance/document.h"

#include <cstddef>
#include <fstream>
#include <set>
#include <utility>

#include "plimsoll/tests/conformance/notation.h"

namespace plimsoll::testing {
namespace {

constexpr std::string_view folder = "tests/conformance/";

using Cells = std::vector<std::string>;

const Cells value_header{"case", "bytes", "value"};
const Cells error_header{"case", "bytes", "byte", "error"};
const Cells skipped_header{"case", "bytes", "byte", "skipped"};

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The cells between the bars, where \| stands for a bar; around code, its backticks are left out.
Cells split_row(std::string_view line) {
  Cells cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|') {
      std::string_view text = trim(cell);
      if (text.size() > 1 && text.starts_with('`') && text.ends_with('`')) {
        text = text.substr(1, text.size() - 2);
      }
      cells.emplace_back(text);
      cell.clear();
    } else if (line[i] == '\\' && line.substr(i + 1).starts_with('|')) {
      cell += line[++i];
    } else {
      cell += line[i];
    }
  }
  return cells;
}

ConformanceCase read_case(const Cells& cells, const Cells& header) {
  if (cells.size() != header.size())
    throw BadNotation("another number of cells than in the header");
  ConformanceCase row;
  row.name = cells[0];
  row.bytes = unescape(expand_repeats(cells[1]));
  if (header == error_header) {
    row.error = "error at " + cells[2] + ": " + cells[3];
  } else if (header == skipped_header) {
    row.skipped = "(" + cells[3] + " at " + cells[2] + ")";
  } else {
    row.frames = parse_values(expand_repeats(cells[2]));
  }
  return row;
}

}  // namespace

std::vector<ConformanceCase> read_document(std::string_view name) {
  const std::string file(name);
  std::ifstream in(std::string(folder) + file);
  if (!in) throw BadNotation(file + " cannot be read");
  std::vector<ConformanceCase> cases;
  std::set<std::string> names;
  std::string heading;
  Cells header;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.starts_with('|')) {
      header.clear();
      if (line.starts_with("## ")) heading = line.substr(3) + ": ";
      continue;
    }
    if (line.starts_with("|-") || line.starts_with("| -")) continue;
    try {
      Cells cells = split_row(line);
      if (header.empty()) {
        header = std::move(cells);
        const bool is_known =
            header == value_header || header == error_header || header == skipped_header;
        if (!is_known) throw BadNotation("unknown header");
        continue;
      }
      ConformanceCase row = read_case(cells, header);
      row.name.insert(0, heading);
      row.name.insert(0, ": ");
      row.name.insert(0, file);
      // Catch2 would take the second for the first, and leave it out.
      if (!names.insert(row.name).second) throw BadNotation("this name is there already");
      cases.push_back(std::move(row));
    } catch (const BadNotation& problem) {
      throw BadNotation(file + ":" + std::to_string(number) + ": " + problem.what());
    }
  }
  return cases;
}

}  // namespace plimsoll::testing

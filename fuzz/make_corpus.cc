#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "plimsoll/tests/conformance/document.h"

// Writes each row of the conformance documents as an input of resp_fuzz into a folder. What adds
// nothing is then left out by `resp_fuzz -merge=1 fuzz/corpus/resp FOLDER`.

namespace {

void write_inputs(const std::string& folder) {
  std::size_t number = 0;
  for (const char* document : {"resp2.md", "resp3.md", "streamed.md", "attributes.md", "pushes.md",
                               "invalid.md", "limits.md"}) {
    for (const auto& row : plimsoll::testing::read_document(document)) {
      std::ofstream out(folder + "/" + std::to_string(number), std::ios::binary);
      // How much memory there is, and the seed of the split: any will do, all are wanted.
      out << static_cast<char>(number * 7) << static_cast<char>(number * 3) << row.bytes;
      ++number;
    }
  }
  std::printf("%zu inputs\n", number);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  try {
    write_inputs(argv[1]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/config/loading.h"

namespace plimsoll::testing::documents_test {
namespace {

// The blocks of TOML in a document.
std::vector<std::string> blocks_of(const std::string& path) {
  std::stringstream document;
  document << std::ifstream(path).rdbuf();
  const std::string text = document.str();
  const std::string begin = "```toml\n";
  std::vector<std::string> blocks;
  for (std::size_t at = 0; (at = text.find(begin, at)) != text.npos;) {
    at += begin.size();
    const std::size_t end = text.find("```", at);
    blocks.push_back(text.substr(at, end - at));
    at = end;
  }
  return blocks;
}

TEST_CASE("the files that the documents show can be loaded") {
  for (const std::string path : {"docs/configuration.md", "docs/memory.md"}) {
    const std::vector<std::string> blocks = blocks_of(path);
    REQUIRE_FALSE(blocks.empty());
    for (const std::string& block : blocks) {
      const ConfigurationText file(block);
      file.write("password", "secret\n");
      INFO(path << ":\n" << block);
      CHECK(refusal(from_file(file)) == "none");
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::documents_test

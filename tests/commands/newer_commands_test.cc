#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/commands/play_example.h"
#include "plimsoll/tests/commands/scene.h"
#include "plimsoll/tests/native/connected.h"

namespace plimsoll::testing::newer_commands_test {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

TEST_CASE("a server that has commands of which there is no example is told of, not failed") {
  const ValkeyServer server({.program = server_program()});
  native::Client client = connected("unix://" + server.socket_path());
  std::string unknown;
  for (const std::string& name :
       finish(client.command<std::vector<std::string>>("COMMAND", "LIST"))) {
    const auto commands = all_commands();
    if (std::find(commands.begin(), commands.end(), upper(name)) == commands.end()) {
      unknown += " " + name;
    }
  }
  if (!unknown.empty()) WARN("no examples of:" << unknown);
  SUCCEED();
}

}  // namespace
}  // namespace plimsoll::testing::newer_commands_test

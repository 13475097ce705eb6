#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "plimsoll/tests/sim/recorder/recording.h"
#include "plimsoll/tests/sim/recorder/replay.h"

// ./dev sim --replay FILE

int main(int argc, char** argv) {
  using namespace plimsoll::sim;
  if (argc != 2) {
    std::fprintf(stderr, "usage: replay FILE, which a flight recorder wrote\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::stringstream dump;
  dump << file.rdbuf();
  if (!file) {
    std::fprintf(stderr, "replay: %s cannot be read\n", argv[1]);
    return 2;
  }
  std::optional<std::string> error;
  const Recording recording = read_recording(dump.view(), error);
  const Replay result = replay(recording, [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);  // what led to a failed CHECK is seen
  });
  if (error) std::fprintf(stderr, "replay: %s: %s\n", argv[1], error->c_str());
  if (result.steps == 0 && !error) {
    std::fprintf(stderr, "replay: nowhere in %s the client connects or is at rest\n", argv[1]);
  }
  std::printf(
      "replay: %zu steps, %zu skipped before the first that can be replayed, %zu different\n",
      result.steps, result.skipped, result.differences);
  return error || result.steps == 0 || result.differences > 0 ? 1 : 0;
}

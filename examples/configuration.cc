// A file says what the client is told; the environment could say otherwise, and the program asks
// who did.

#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/configuration_file.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

native::LoadOptions sources(const std::string& url) {
  native::LoadOptions from;
  from.base.url = url;  // where neither file nor environment says client.url
  from.file = "examples/configuration.toml";
  return from;
}

// All that somebody said in the file, with the line where it stands.
void print_what_was_said(const native::Configuration& configuration) {
  std::istringstream lines(native::to_text(configuration));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("# examples/") != line.npos) std::cout << line << "\n";
  }
}

asio::awaitable<void> run(native::Configuration configuration) {
  auto client = co_await native::connect(configuration.url, configuration.client);
  std::cout << "known as " << co_await client.command<std::string>("CLIENT", "GETNAME") << "\n";
  std::cout << "line: " << client.statistics().memory.limit << " bytes\n";
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";

  // Loads, and makes it this process's. From here on the file may change.
  const auto file = native::ConfigurationFile::open(sources(url)).value();
  file->watch();
  print_what_was_said(file->current());

  asio::io_context io;
  auto done = asio::co_spawn(io, run(file->current()), asio::use_future);
  io.run();
  done.get();
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";  // all that is wrong with the file, a line each
  return 1;
}

// Prints:
//   memory_limit = "24 MiB"  # examples/configuration.toml:2
//   budget = "8 MiB"  # examples/configuration.toml:5
//   client_name = "pilot"  # examples/configuration.toml:8
//   request_timeout = "1 s"  # examples/configuration.toml:9
//   max_cache_kb = 4096  # examples/configuration.toml:12
//   known as pilot
//   line: 25165824 bytes

// Counts its visits: app URL

#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;

asio::awaitable<void> run(std::string url) {
  plimsoll::native::Options options;
  options.request_timeout = std::chrono::seconds(10);
  auto client = co_await plimsoll::native::connect(url, options);
  std::cout << "visit " << co_await client.incr("visits") << "\n";
}

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  asio::io_context context;
  asio::co_spawn(context, run(argv[1]), [](std::exception_ptr problem) {
    if (problem) std::rethrow_exception(problem);
  });
  context.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

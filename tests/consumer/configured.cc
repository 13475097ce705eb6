// Counts its visits where a configuration says: configured FILE

#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "plimsoll/client.h"
#include "plimsoll/configuration.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

asio::awaitable<void> run(std::string file) {
  native::LoadOptions from;
  from.file = file;
  native::Configuration configuration = native::load_configuration(from).value();
  native::apply(configuration).value();
  std::cout << native::to_text(configuration);
  auto client = co_await native::connect(configuration.url, configuration.client);
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

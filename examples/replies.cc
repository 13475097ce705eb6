// Any command, and its reply in three ways: as a type of C++, as a type of one's own, and as the
// tree that the server sent.

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

struct Position {
  double longitude = 0;
  double latitude = 0;
};

// Found by the client because it stands beside Position. GEOPOS answers [longitude, latitude].
plimsoll::Status decode(const native::Value& value, Position& out) {
  std::vector<double> pair;
  if (const auto status = native::decode(value, pair); !status) return status;
  if (pair.size() == 2) out = {pair[0], pair[1]};
  return {};
}

// Walks any tree. Maps and arrays are ranges; what is asked for as another type than it has throws.
void print(const native::Value& value, const std::string& indent = "") {
  if (value.type() == native::Type::map) {
    for (const auto [key, item] : native::entries(value)) {
      std::cout << indent << native::as<std::string>(key) << ":\n";
      print(item, indent + "  ");
    }
  } else if (value.type() == native::Type::array) {
    for (const auto item : native::elements(value)) print(item, indent + "  ");
  } else {
    std::cout << indent << native::as<std::string>(value) << "\n";
  }
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);

  co_await client.command("RPUSH", "ports", "Milford", "New York");
  const auto ports =
      co_await client.command<std::vector<std::string>>("LRANGE", "ports", "0", "-1");
  std::cout << ports.size() << " ports, first " << ports.at(0) << "\n";

  co_await client.command("GEOADD", "charts", "-5.0", "51.7", "Milford");
  const auto found = co_await client.command<std::vector<Position>>("GEOPOS", "charts", "Milford");
  std::cout << "Milford: " << static_cast<int>(found.at(0).latitude) << " degrees north\n";

  co_await client.command("ZADD", "tons", "18915", "Great Eastern", "1340", "Great Western");
  const native::Reply tons = co_await client.command("ZRANGE", "tons", "0", "-1", "WITHSCORES");
  std::cout << tons.to_string() << "\n";

  co_await client.command("HSET", "ship", "name", "Great Eastern", "built", "1858");
  const native::Reply ship = co_await client.command("HGETALL", "ship");
  print(ship.value());
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  asio::io_context io;
  auto done = asio::co_spawn(io, run(url), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   2 ports, first Milford
//   Milford: 51 degrees north
//   [["Great Western", 1340], ["Great Eastern", 18915]]
//   name:
//     Great Eastern
//   built:
//     1858

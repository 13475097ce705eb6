// Many reads under way at once, by callbacks alone. Nothing here says "pipeline": what is called in
// one go leaves in one write. The callbacks run where the client does, on `io`: no locks.

#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
using plimsoll::native::Client;
using plimsoll::native::Result;

constexpr int ships_count = 300;

// Stores what each ship carries, reads it all back, adds it up.
class Manifest {
 public:
  explicit Manifest(Client client) : client_(std::move(client)) {}

  void load() {
    for (int ship = 1; ship <= ships_count; ++ship) {
      client_.set(key(ship), std::to_string(ship * 10), [this](Result<void> stored) {
        stored.value();  // throws if it failed, and io.run() lets it through
        if (++stored_ == ships_count) read();
      });
    }
  }

 private:
  void read() {
    for (int ship = 1; ship <= ships_count; ++ship) {
      client_.get(key(ship), [this](Result<std::optional<std::string>> tons) {
        total_ += std::stoi(tons.value().value_or("0"));
        if (++read_ == ships_count) report();
      });
    }
  }

  void report() {
    std::cout << read_ << " ships, " << total_ << " tons\n";
    client_.close([](Result<void>) {});  // io.run() returns when there is nothing left to serve
  }

  static std::string key(int ship) { return "tons:" + std::to_string(ship); }

  Client client_;
  int stored_ = 0;
  int read_ = 0;
  int total_ = 0;
};

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  asio::io_context io;
  std::optional<Manifest> manifest;
  plimsoll::native::connect(io.get_executor(), url, {}, [&](Result<Client> client) {
    manifest.emplace(std::move(client).value()).load();
  });
  io.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   300 ships, 451500 tons

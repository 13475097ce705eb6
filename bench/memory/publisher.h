#pragma once

// Publishes as fast as a server takes it, past the client that is measured: a plain socket and a
// thread of its own.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

namespace plimsoll::bench {

class Publisher {
 public:
  /// Begins at once. Messages are `message_bytes` long, and begin with their number, from 0.
  Publisher(const std::string& socket_path, std::string channel, std::size_t message_bytes);
  ~Publisher();

  /// Stops, and gives how many messages the server has handed to one subscriber. Ends the process
  /// where it has ever said otherwise.
  std::uint64_t stop();

 private:
  void run(const std::string& socket_path);

  const std::string channel_;
  const std::size_t message_bytes_;
  std::atomic<bool> stopping_{false};
  std::uint64_t published_ = 0;
  std::thread thread_;
};

}  // namespace plimsoll::bench

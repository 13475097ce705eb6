#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace plimsoll::sim::model {

/// A connection to a real server on a unix socket: bytes out, bytes in.
class RealConnection {
 public:
  /// Throws std::system_error if there is none to be had.
  explicit RealConnection(const std::string& socket_path);
  ~RealConnection();
  RealConnection(RealConnection&& other) noexcept;
  RealConnection& operator=(RealConnection&& other) noexcept;

  /// Hands over all of the bytes; what a peer that has closed does not take is dropped.
  void send(std::string_view bytes);

  /// Adds what comes to received(). Says whether something did within `limit`: more bytes, or the
  /// end.
  enum class Read { bytes, nothing, end };
  Read read(std::chrono::milliseconds limit);

  std::string& received() { return received_; }

 private:
  int socket_ = -1;
  std::string received_;
};

}  // namespace plimsoll::sim::model

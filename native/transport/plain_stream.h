#pragma once

#include "plimsoll/native/transport/byte_stream.h"

namespace plimsoll::inline v0::native {

/// A plain socket, which the caller owns. Buffers no bytes in either direction.
class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(int socket) : socket_(socket) {}

  Step shake_hands() override { return Step::done; }
  /// One system call.
  Received receive(std::span<char> space) override;
  bool holds_bytes() const override { return filled_; }
  /// One system call.
  std::size_t send(std::span<const std::string_view> spans) override;
  bool blocked() const override { return blocked_; }
  void push() override { blocked_ = false; }
  void say_goodbye() override {}
  bool failed() const override { return failed_; }
  const std::optional<TransportProblem>& problem() const override { return problem_; }
  int socket_problem() const override { return socket_problem_; }
  TransportProblem silence() const override;
  plimsoll::Error early_end() const override { return silence().error; }
  std::string_view hint() const override;

 private:
  const int socket_;
  bool heard_ = false;   // the peer has sent bytes
  bool filled_ = false;  // the last read filled its space, so there may be more
  bool blocked_ = false;
  bool failed_ = false;
  int socket_problem_ = 0;  // errno of reading or sending; earlier bytes are still to be read
  std::optional<TransportProblem> problem_;
};

}  // namespace plimsoll::inline v0::native

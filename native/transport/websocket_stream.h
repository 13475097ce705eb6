#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/native/transport/byte_stream.h"
#include "plimsoll/native/transport/websocket_problem.h"
#include "plimsoll/native/websocket/frame.h"
#include "plimsoll/native/websocket/message_reader.h"
#include "plimsoll/native/websocket/opening.h"

// A WebSocket to a bridge, over a plain stream or one with TLS. What the bridge says is read to
// where the core wants it, and RESP is left there alone; what the core says is masked, and so
// copied, a frame at a time. What the stream below does not take of a frame waits here, so that one
// which has begun is never taken back: to the core it is sent. Besides that frame and control
// frames, which are small, nothing is kept, and nothing while it is idle.

namespace plimsoll::native {

class WebSocketStream final : public ByteStream {
 public:
  /// What a frame takes, header and all: TLS makes one record of it.
  static constexpr std::size_t frame_bytes_max = 16 * 1024;

  /// `window` says what the bridge may send, where it knows credits; it outlives this.
  WebSocketStream(std::unique_ptr<ByteStream> below, websocket::Opening opening,
                  CreditWindow& window);
  ~WebSocketStream() override;

  Step shake_hands() override;
  Received receive(std::span<char> space) override;
  bool holds_bytes() const override { return !behind_answer_.empty() || below_->holds_bytes(); }
  std::size_t send(std::span<const std::string_view> spans) override;
  bool blocked() const override { return !backlog_.empty() || below_->blocked(); }
  void push() override;
  void say_goodbye() override;
  bool failed() const override { return problem_.has_value() || below_->failed(); }
  const std::optional<TransportProblem>& problem() const override {
    return problem_ ? problem_ : below_->problem();
  }
  int socket_problem() const override { return below_->socket_problem(); }
  TransportProblem silence() const override;
  plimsoll::Error early_end() const override;

  /// Lets the bridge send as much more as the window says. To be called once hands are shaken; from
  /// then on it is done by itself, except where is_starved(): again when the Budget has memory.
  void grant();
  bool is_starved() const { return has_credits() && window_.is_starved(); }

 private:
  void begin();
  void read_answer(std::string_view bytes);
  std::size_t take(std::span<char> bytes);
  bool has_credits() const { return framing_ == websocket::Framing::with_credits; }

  void put_answers();
  void put_close(websocket::CloseCode code);
  bool put_data(std::span<char> space);
  void put_small(websocket::Opcode opcode, std::string_view payload);
  std::string_view seal(std::span<char> space, websocket::Opcode opcode);
  void put_whole(std::string_view bytes);
  std::size_t put(std::string_view bytes);
  void keep(std::string_view rest);

  const std::unique_ptr<ByteStream> below_;
  CreditWindow& window_;
  websocket::Opening opening_;  // until it is sent
  const Token token_;
  std::unique_ptr<websocket::AnswerReader> answer_;  // until it is read
  std::optional<websocket::MessageReader> reader_;   // from then on
  websocket::Framing framing_ = websocket::Framing::bare;
  std::string behind_answer_;  // frames that were read with it
  std::string backlog_;        // what the stream below did not take
  bool says_goodbye_ = true;
  std::optional<TransportProblem> problem_;
};

}  // namespace plimsoll::native

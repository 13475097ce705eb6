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

// A WebSocket to a bridge, over a plain stream or over TLS. Bytes from the bridge are read directly
// into the core's buffer, and only RESP is left there. Bytes from the core are masked, and so
// copied, one frame at a time.
//
// States, by the members that are set:
//
//     (none) --begin()--> answer_ --accepted--> reader_
//        |                   |                     |
//        +-------------------+---------------------+--> problem_, or failure of the stream below
//
// Without `answer_` and `reader_` the stream below shakes hands; with `answer_` the bridge's answer
// to the opening is read; with `reader_` the WebSocket is open.
//
// Invariants:
// - The backlog has at most the rest of one frame, or of the opening. Nothing else is sent before
//   it is empty, so a frame that has begun is never taken back: for the core it is sent.
// - An idle open stream keeps no bytes.

namespace plimsoll::inline v0::native {

class WebSocketStream final : public ByteStream {
 public:
  /// The size of a frame including its header. TLS makes one record of it.
  static constexpr std::size_t frame_bytes_max = 16 * 1024;

  /// `window` decides how much the bridge may send, if the bridge uses credits. It must outlive
  /// this stream.
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

  /// Grants the bridge the credit that the window allows. Call it once the handshake is complete.
  /// After that the stream grants credit by itself, unless is_starved(): then call it again when
  /// the Budget has memory.
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
  websocket::Opening opening_;  // kept until it is sent
  const Token token_;
  std::unique_ptr<websocket::AnswerReader> answer_;  // exists until the answer is read
  std::optional<websocket::MessageReader> reader_;   // exists from then on
  websocket::Framing framing_ = websocket::Framing::bare;
  std::string behind_answer_;  // frames that were read together with the answer
  std::string backlog_;        // bytes that the stream below did not take
  bool says_goodbye_ = true;
  std::optional<TransportProblem> problem_;
};

}  // namespace plimsoll::inline v0::native

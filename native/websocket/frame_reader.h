#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/websocket/frame.h"

// Frames as a server writes them, in any pieces: RFC 6455, section 5. Data is shown where it lies;
// the payload of a ping or a close, control_bytes_max at most, is kept until it is whole.

namespace plimsoll::websocket {

class FrameReader {
 public:
  /// What is wrong with a frame. Nothing is read behind it.
  enum class Problem : std::uint8_t {
    none,
    masked,
    reserved_bits,  ///< no extension was agreed on
    unknown_opcode,
    text,
    control_too_long,
    control_fragmented,
    nothing_to_continue,
    message_not_ended,
    length_not_shortest,
    length_too_large,  ///< of 2^63 or more
    bad_close,         ///< one byte, or a code that nobody may send
  };

  struct Part {
    enum class Kind : std::uint8_t {
      nothing,  ///< all was taken, and more is needed; or there is a problem()
      data,     ///< some bytes of a message, maybe none
      ping,
      close,
    };
    Kind kind = Kind::nothing;
    std::string_view bytes{};   ///< of a message; or the payload, until the next take()
    bool ends_message = false;  ///< data: the last of its message
  };

  /// Takes what comes next from the front of `bytes`. Pongs are passed over.
  Part take(std::string_view& bytes);

  Problem problem() const { return problem_; }

 private:
  bool take_header(std::string_view& bytes);
  void begin_frame();
  void begin_payload();
  Part take_data(std::string_view& bytes);
  bool take_control(std::string_view& bytes);
  Part finish_control();
  bool is_control() const { return static_cast<std::uint8_t>(opcode_) >= 0x8; }

  std::array<unsigned char, 10> header_{};
  std::uint8_t header_size_ = 0;
  std::uint8_t header_wanted_ = 2;
  Opcode opcode_ = Opcode::continuation;
  bool is_final_ = false;
  bool in_message_ = false;
  bool in_payload_ = false;
  Problem problem_ = Problem::none;
  std::uint64_t left_ = 0;  // of the payload
  std::uint8_t control_size_ = 0;
  std::array<char, control_bytes_max> control_{};
};

/// The code of a close with this payload, which the FrameReader has taken.
std::uint16_t code_of_close(std::string_view payload);

/// What a user is told.
const char* words_of(FrameReader::Problem problem);

/// What the server is told.
CloseCode close_code_of(FrameReader::Problem problem);

}  // namespace plimsoll::websocket

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/websocket/frame.h"

// Reads frames as a server writes them, in pieces of any size: RFC 6455, section 5. Data is not
// copied; the payload of a ping or a close, at most control_bytes_max, is stored until it is
// complete.

namespace plimsoll::inline v0::websocket {

class FrameReader {
 public:
  /// What is wrong with a frame. The reader reads nothing after a problem.
  enum class Problem : std::uint8_t {
    none,
    masked,
    reserved_bits,  ///< set, although no extension was agreed on
    unknown_opcode,
    text,
    control_too_long,
    control_fragmented,
    nothing_to_continue,
    message_not_ended,
    length_not_shortest,
    length_too_large,  ///< 2^63 or more
    bad_close,         ///< one byte, or a code that must not be sent
  };

  struct Part {
    enum class Kind : std::uint8_t {
      nothing,  ///< all bytes were taken and more are needed; or there is a problem()
      data,     ///< bytes of a message, possibly none
      ping,
      close,
    };
    Kind kind = Kind::nothing;
    std::string_view
        bytes{};  ///< of a message; or the payload of a control frame, valid until the next take()
    bool ends_message = false;  ///< data: the last bytes of a message
  };

  /// Takes the next item off the front of `bytes`. Skips pongs.
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

/// Returns the code in a close's payload, which FrameReader has checked.
std::uint16_t code_of_close(std::string_view payload);

/// Returns the text for a user.
const char* words_of(FrameReader::Problem problem);

/// Returns the close code to send to the server.
CloseCode close_code_of(FrameReader::Problem problem);

}  // namespace plimsoll::inline v0::websocket

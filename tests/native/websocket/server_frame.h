#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plimsoll/native/websocket/frame.h"

// Frames as a server sends them, written apart from what reads them.

namespace plimsoll::testing {

enum class Fin { more, last };

inline std::string server_frame(websocket::Opcode opcode, std::string_view payload,
                                Fin fin = Fin::last) {
  const auto put = [](std::string& text, std::size_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 0xff);
  };
  std::string frame;
  put(frame, (fin == Fin::last ? 0x80U : 0U) + static_cast<unsigned>(opcode), 1);
  if (payload.size() < 126) {
    put(frame, payload.size(), 1);
  } else if (payload.size() < 65'536) {
    put(frame, 126, 1);
    put(frame, payload.size(), 2);
  } else {
    put(frame, 127, 1);
    put(frame, payload.size(), 8);
  }
  frame += payload;
  return frame;
}

/// A binary message in one frame.
inline std::string server_message(std::string_view payload) {
  return server_frame(websocket::Opcode::binary, payload);
}

inline std::string server_close(unsigned code, std::string_view reason) {
  const std::string number = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return server_frame(websocket::Opcode::close, number + std::string(reason));
}

}  // namespace plimsoll::testing

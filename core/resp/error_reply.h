#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/resp/bytes_view.h"
#include "plimsoll/core/resp/encoder.h"

// What an error reply says of the command that it answers: whether the server refused to run it,
// and why. The session asks for every error reply, the drivers for those within the reply to EXEC.

namespace plimsoll {

/// Who may have chosen the words of an error reply.
enum class Speaker : std::uint8_t {
  server,  ///< the server alone: what it calls a refusal has not run
  module,  ///< a module as well, which may have written before; but then its command is known
  script   ///< a script or function as well, which may have written before and says what it likes
};

/// Who may have answered a command with an error.
constexpr Speaker speaker_of(CommandView::Answer answer) {
  switch (answer) {
    case CommandView::Answer::module_words: return Speaker::module;
    case CommandView::Answer::script_words: return Speaker::script;
    case CommandView::Answer::replies:
    case CommandView::Answer::confirmations: break;
  }
  return Speaker::server;
}

/// The error of a reply with this text. Its code tells refusals apart, and is `server_error` for
/// every other text. `executed` is `no` for a refusal that the server or a bridge before it said,
/// `maybe` for one that a script or module may have said, and `yes` for all else: the command ran,
/// and failed by itself.
Error error_of_reply(std::string_view text, Speaker speaker);
Error error_of_reply(const BytesView& text, Speaker speaker);

/// What a bridge said instead of the server, out of the text of an error whose code is
/// `refused_by_bridge`: "FLUSHALL is not allowed". Any other text as it is.
std::string_view words_of_bridge(std::string_view text);

}  // namespace plimsoll

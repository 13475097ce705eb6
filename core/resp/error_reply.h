#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/resp/bytes_view.h"
#include "plimsoll/core/resp/encoder.h"

// Turns the text of an error reply into an Error, which says whether the server refused to run the
// command, and why. The session calls this for every error reply, the drivers for errors within the
// reply to EXEC.

namespace plimsoll::inline v0 {

/// Who may have chosen the text of an error reply, and so whether the command may have run although
/// the text reads like a refusal.
enum class Speaker : std::uint8_t {
  server,  ///< only the server: a command that it refuses has not run
  module,  ///< also a module, which may have written before; an unknown command has not run though
  script   ///< also a script or function, which may have written before and may choose any text
};

/// Who may have answered a command with an error.
constexpr Speaker speaker_of(CommandView::Answer answer) {
  switch (answer) {
    case CommandView::Answer::module_words: return Speaker::module;
    case CommandView::Answer::script_words: return Speaker::script;
    case CommandView::Answer::replies:
    case CommandView::Answer::confirmations:
    case CommandView::Answer::ends: break;
  }
  return Speaker::server;
}

/// The Error for an error reply with this text. Its code says which refusal the text is;
/// `server_error` if it is none. `executed` is `no` for a refusal by the server; `maybe` for a
/// refusal whose text a script or module may have chosen; else `yes`: the command ran, and failed
/// by itself.
///
/// A bridge in front of the server answers in its own words if it refuses a command
/// (`refused_by_bridge`, or `server_error` with `no`), could not send it (`lost_unsent`, `no`),
/// does not know its outcome (`lost_in_doubt`, `maybe`) or had no room for its reply
/// (`reply_too_large`, `yes`). These are answers: the connection is well, and the Event of such an
/// error has a value, other than that of a request that was lost with its connection.
Error error_of_reply(std::string_view text, Speaker speaker);
Error error_of_reply(const BytesView& text, Speaker speaker);

/// The bridge's own words in the text of an error that a bridge has answered, such as "FLUSHALL is
/// not allowed". Returns any other text unchanged, and also one that is a `server_error`: it reads
/// like a server's, and begins with ERR.
std::string_view words_of_bridge(std::string_view text);

}  // namespace plimsoll::inline v0

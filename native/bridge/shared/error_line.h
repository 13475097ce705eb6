#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plimsoll/core/resp/parser.h"
#include "plimsoll/error.h"

// The error reply that a WebSocket's client gets for a request that failed on a shared connection.
// The words with which the bridge's own errors begin are in docs/bridge-protocol.md; the core reads
// them in core/resp/error_reply.h.

namespace plimsoll::bridge {

/// The most bytes of the bridge's own words in an error line, behind the mark.
inline constexpr std::size_t error_text_bytes_max = 512;

/// The most bytes of a server's words in an error line: the longest line that a client reads.
inline constexpr std::size_t server_words_bytes_max = line_bytes_max;

/// The beginning of `text`, so many bytes at most, with blanks for CR and LF. Whatever a client or
/// a server has sent goes through here into a line of a reply: a line end would begin another
/// reply, which the readers of replies behind this believe.
std::string in_one_line(std::string_view text, std::size_t bytes_max);

/// The error as a line of RESP, CR LF included. What is longer than the bounds is cut; CR and LF in
/// the text become blanks.
///
/// A server's answer keeps its words. All else begins with a word that says what became of the
/// request:
///  - "-NOPERM plimsoll-bridge: ..." (refused_command, refused_by_bridge) and "-ERR
///    plimsoll-bridge: ..." (invalid_argument, invalid_option): it was not sent, and would not be;
///  - "-UNSENT plimsoll-bridge: ...": it has not run, whatever the reason was;
///  - "-INDOUBT plimsoll-bridge: ...": it may have run;
///  - "-TOOLARGE plimsoll-bridge: ...": it has run, and there was no room for its reply.
/// The texts of UNSENT, INDOUBT and TOOLARGE are fixed: an Error's own may have addresses and names
/// that are no business of the WebSocket's client.
std::string error_line(const native::Error& error);

/// The same for an EXEC whose commands reached the server together with it. What the server said to
/// one of them, because of which none has run, is told as a server tells why it refuses EXEC
/// itself:
/// "-EXECABORT Transaction discarded because of: ...".
std::string exec_error_line(const native::Error& error);

}  // namespace plimsoll::bridge

#pragma once

#include <string>
#include <string_view>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

// A request may be written in several ways that mean the same. Brings each request into one form
// before anything else looks at it: the bridge and Beast, which answers the handshake and reads
// only the first line of a header, must not come to different conclusions. No I/O.

namespace plimsoll::bridge {

using Request = boost::beast::http::request<boost::beast::http::empty_body>;

/// Returns what is wrong with the request, for the log, and 400 is its answer; or an empty text.
/// - Joins the lines of Connection, and those of Upgrade (RFC 9110, section 5.3). An Upgrade that
///   names `websocket` becomes only that, because Beast understands no others beside it.
/// - Drops the Upgrade of an HTTP/1.0 request, which a server must ignore (RFC 9110, section 7.8).
/// - Makes a path of a target that is a whole address, if Host is that of the address (RFC 9112,
///   section 3.2.2). A server may believe the address and ignore Host. The bridge refuses requests
///   in which they differ, because a proxy in front may have checked the other one.
/// - Drops Expect: no request has a body, so there is nothing to wait for (RFC 9110, 10.1.1).
std::string_view bring_into_form(Request& request);

}  // namespace plimsoll::bridge

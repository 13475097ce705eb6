#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

// Whom a request over HTTP is meant for, by its `Host`. No I/O.

namespace plimsoll::inline v0::native {

/// Whether `text` is a host, with a port or without (RFC 9112, section 3.2; RFC 3986, section
/// 3.2.2). It may be empty.
bool is_authority(std::string_view text);

/// `word` with a-z in place of A-Z.
std::string to_lower(std::string_view word);

/// Returns `Host` in lower case, or nothing if the request has no Host, or more than one, or one
/// that is not is_authority().
std::optional<std::string> authority_of(
    const boost::beast::http::request<boost::beast::http::empty_body>& request);

/// `authority` without its port.
std::string host_of(std::string_view authority);

/// Whether `host` is a name of this machine, or one of `allowed`. Any other name may be that of a
/// hostile page, whose owner makes it resolve to a loopback address (DNS rebinding).
bool is_own_host(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace plimsoll::inline v0::native

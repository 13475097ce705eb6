#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "plimsoll/native/observe/page_server.h"

// Whom a request over HTTP is meant for, by its `Host`. A page on the internet can be given a name
// that resolves to this machine, and would then read what is served here as its own (DNS
// rebinding). Its Host is that name.

namespace plimsoll::inline v0::native {

/// Whether `text` is a host, with a port or without (RFC 9112, section 3.2; RFC 3986, section
/// 3.2.2). It may be empty.
bool is_authority(std::string_view text);

/// `word` with a-z in place of A-Z.
std::string to_lower(std::string_view word);

/// Returns `Host` in lower case, or nothing if the request has no Host, or more than one, or one
/// that is not is_authority().
std::optional<std::string> authority_of(const PageServer::Request& request);

/// `authority` without its port.
std::string host_of(std::string_view authority);

/// Whether `host` is a name of this machine, or one of `allowed`.
bool is_own_host(std::string_view host, const std::vector<std::string>& allowed);

/// The answer to a request at a loopback address for a page that nobody but this machine may read,
/// or nothing if it may be answered. `here` is this end of the connection, which Host may name,
/// too. A request without Host, as health checks of proxies send it, comes from no browser, and
/// neither does one to an address in place of a name: the address would have to be that of the
/// page. `advice` says what else may be done about a name.
std::optional<TextPage> refuse_other_hosts(const PageServer::Request& request,
                                           const boost::asio::ip::address& here,
                                           const std::vector<std::string>& allowed,
                                           std::string_view advice);

}  // namespace plimsoll::inline v0::native

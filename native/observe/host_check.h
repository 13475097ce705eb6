#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/observe/page_server.h"

namespace plimsoll::inline v0::native {

/// For pages that no website may read. The owner of a website can make its name resolve to this
/// machine, and the browser then takes what is served here for a part of that website (DNS
/// rebinding). The browser sends that name as Host.
///
/// Returns the refusal of a request whose Host is neither is_own_host() nor `here`, the address at
/// which it came in: 421, whose text ends with `advice`; or 400, if Host is malformed or there are
/// several. Returns nothing if the page may be sent. A request without Host is answered: it comes
/// from a proxy's health check, and never from a browser.
std::optional<TextPage> refuse_other_hosts(const PageServer::Request& request,
                                           const boost::asio::ip::address& here,
                                           const std::vector<std::string>& allowed,
                                           std::string_view advice);

}  // namespace plimsoll::inline v0::native

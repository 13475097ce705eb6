#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/http/handshake.h"

// Reads X-Forwarded-For, in which proxies name the clients whose requests they pass on. No I/O.

namespace plimsoll::bridge {

/// The address in an element of X-Forwarded-For, without brackets and port: several proxies write
/// "192.0.2.1:5678", "[2001:db8::1]" and "[2001:db8::1]:443". Nothing if it is no address.
std::optional<std::string> address_of_hop(std::string_view hop);

/// The client's address for a request that came from `peer`: the last hop that `is_trusted` does
/// not know as a proxy. An element that is no address was not written by a proxy, so the hop before
/// it is not believed.
std::string client_of(const Request& request, std::string peer,
                      const std::function<bool(std::string_view address)>& is_trusted);

}  // namespace plimsoll::bridge

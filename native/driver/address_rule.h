#pragma once

namespace boost::asio::ip {
class address;
}

namespace plimsoll::inline v0::native {

/// Returns why a client must not connect to an address; null: it may. For a program whose servers
/// are named by somebody else: an upstream's name may resolve to any address, and sentinels and
/// nodes of a cluster name further ones. The client asks before each attempt, except for addresses
/// that stand in its Target as such: these its user has chosen.
using AddressRule = const char* (*)(const boost::asio::ip::address& address);

}  // namespace plimsoll::inline v0::native

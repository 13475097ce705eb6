#include "plimsoll/native/observe/host_check.h"

#include <boost/beast/http/field.hpp>

#include "plimsoll/native/observe/authority.h"

namespace plimsoll::inline v0::native {
namespace {

std::string as_host(const boost::asio::ip::address& address) {
  return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

}  // namespace

// An address in place of a name does no harm: a browser sends one only for a page that it has
// fetched from that address.
std::optional<TextPage> refuse_other_hosts(const PageServer::Request& request,
                                           const boost::asio::ip::address& here,
                                           const std::vector<std::string>& allowed,
                                           std::string_view advice) {
  if (request.count(boost::beast::http::field::host) == 0) return std::nullopt;
  const auto authority = authority_of(request);
  if (!authority) return TextPage{.status = 400, .text = "no Host that is good, or several\n"};
  const std::string host = host_of(*authority);
  if (is_own_host(host, allowed) || host == as_host(here)) return std::nullopt;
  std::string text = "Host is not a name of this machine; ";
  return TextPage{.status = 421, .text = text.append(advice).append("\n")};
}

}  // namespace plimsoll::inline v0::native

#include "plimsoll/native/bridge/http/request_form.h"

#include <algorithm>
#include <cstddef>

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "plimsoll/native/bridge/http/header_list.h"
#include "plimsoll/native/observe/authority.h"

namespace plimsoll::bridge {
namespace {

namespace http = boost::beast::http;
using native::to_lower;

constexpr unsigned http_1_1 = 11;

// protocol-name ["/" protocol-version]
bool is_protocol(std::string_view text) {
  const std::size_t slash = text.find('/');
  return is_header_token(text.substr(0, slash)) &&
         (slash == text.npos || is_header_token(text.substr(slash + 1)));
}

std::string_view join_upgrade(Request& request) {
  if (request.version() < http_1_1) request.erase(http::field::upgrade);
  if (request.count(http::field::upgrade) == 0) return {};
  const std::string list = list_of(request, http::field::upgrade);
  if (!has_only(list, is_protocol)) return "Upgrade is not a list of protocols";
  request.set(http::field::upgrade, has_element(list, "websocket") ? "websocket" : list);
  return {};
}

// Joins the lines also because Beast, asked whether to keep the connection, reads only one of them.
std::string_view join_connection(Request& request) {
  if (request.count(http::field::connection) == 0) return {};
  const std::string list = list_of(request, http::field::connection);
  if (!has_only(list, is_header_token)) return "Connection is not a list of options";
  request.set(http::field::connection, list);
  return {};
}

// The part of `target` behind http:// or https://, or nothing if it does not begin so.
std::string_view behind_scheme(std::string_view target) {
  constexpr std::string_view longest = "https://";
  const std::string begin = to_lower(target.substr(0, longest.size()));
  if (begin == longest) return target.substr(longest.size());
  constexpr std::string_view shortest = "http://";
  return begin.starts_with(shortest) ? target.substr(shortest.size()) : std::string_view();
}

std::string_view make_target_a_path(Request& request) {
  const std::string target(request.target());
  if (target.find('#') != target.npos) return "the target has a fragment";
  if (target.starts_with('/')) return {};
  const std::string_view address = behind_scheme(target);
  if (address.empty()) {
    // "*" and "host:port", which are for OPTIONS and CONNECT: the method is refused later.
    const bool is_get = request.method() == http::verb::get || request.method() == http::verb::head;
    return is_get ? "the target is neither a path nor an address" : "";
  }
  const std::size_t end = std::min(address.find_first_of("/?"), address.size());
  const auto host = request[http::field::host];
  if (to_lower(address.substr(0, end)) != to_lower({host.data(), host.size()})) {
    return "Host is not that of the target";
  }
  const std::string_view path = address.substr(end);
  request.target(path.starts_with('/') ? std::string(path) : "/" + std::string(path));
  return {};
}

}  // namespace

std::string_view bring_into_form(Request& request) {
  request.erase(http::field::expect);
  if (const auto problem = join_connection(request); !problem.empty()) return problem;
  if (const auto problem = join_upgrade(request); !problem.empty()) return problem;
  return make_target_a_path(request);
}

}  // namespace plimsoll::bridge

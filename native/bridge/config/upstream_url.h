#pragma once

#include <string>

#include "plimsoll/native/bridge/config/config.h"

// The URLs of upstreams, in a file and on the command line.

namespace plimsoll::bridge {

/// The upstream at a URL. Addresses behind the first, with commas between them, are its seeds; only
/// a cluster may have such.
///
/// If the URL is invalid, or contains more than addresses, `problem` says so, without any part of
/// the URL that could be a secret.
struct UpstreamUrl {
  Upstream upstream;
  std::string username;  ///< as in the URL
  std::string password;
  std::string problem;
};
UpstreamUrl parse_upstream_url(std::string name, const std::string& url);

}  // namespace plimsoll::bridge

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/tests/commands/example.h"
#include "plimsoll/tests/commands/raw_connection.h"
#include "plimsoll/tests/support/temporary_directory.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {

/// A server with a client for each protocol, which outlive an example, as a server's clients do:
/// whatever one example did to the main connection, the next one would notice.
class Stage {
 public:
  explicit Stage(const ValkeyServerOptions& options);

  native::Client& client(native::Protocol protocol) {
    return protocol == native::Protocol::resp3 ? resp3_client_ : resp2_client_;
  }

  ValkeyServer server;

 private:
  native::Client resp3_client_;
  native::Client resp2_client_;
};

/// Where one example takes place: a server as the example wants it, with nothing on it from others,
/// and what the example's steps have made since.
class Scene {
 public:
  explicit Scene(const Example& example);

  native::Client& client(native::Protocol protocol) { return stage_->client(protocol); }

  void play(std::span<const Step> steps);

  /// The words with what stands for `$name` in them: the port of the server and of the second one,
  /// the directory of the files, and what steps have kept.
  std::vector<std::string> filled_in(std::span<const std::string_view> words) const;

  /// Returns when a client of the server is blocked.
  void wait_for_blocked_client();

  /// The reply to a command of the scene's own, shown.
  std::string ask(const std::vector<std::string>& words);

 private:
  RawConnection& connection(std::string_view name);
  void play(const Step& step);
  void wait_until(const std::vector<std::string>& words, std::string_view text);

  TemporaryDirectory files_;
  std::map<std::string, std::string, std::less<>> kept_;
  std::shared_ptr<Stage> stage_;
  std::unique_ptr<ValkeyServer> second_;
  std::map<std::string, std::unique_ptr<RawConnection>, std::less<>> connections_;
};

/// The program whose commands the examples are tried on.
std::string server_program();

}  // namespace plimsoll::testing

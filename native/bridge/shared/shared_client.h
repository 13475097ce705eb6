#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/client.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/session/session.h"
#include "plimsoll/native/bridge/shared/channel_hub.h"
#include "plimsoll/native/bridge/shared/local_answers.h"
#include "plimsoll/native/bridge/shared/shared_counters.h"
#include "plimsoll/native/bridge/shared/token_counts.h"
#include "plimsoll/native/bridge/shared/wire_reply.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/request.h"
#include "plimsoll/staleness.h"

// The bridge's own client of a server, for all WebSockets of one user that speak the same version
// of RESP. The version is that of the client's connections, too, because some replies differ in
// more than their form.

namespace plimsoll::bridge {

class SharedClient {
 public:
  /// `account` pays for what channels keep, and `unread` counts it. They and `counters` must
  /// outlive this object.
  SharedClient(native::Client client, ServerIdentity server, bool is_resp3, Account& account,
               SharedCounters& counters, UnreadShare& unread)
      : client_(std::move(client)),
        channel_(client_),
        server_(std::move(server)),
        is_resp3_(is_resp3),
        counters_(counters),
        hub_(client_, account, is_resp3 ? PushForm::resp3 : PushForm::resp2, &unread) {
    ++counters_.clients;
  }
  ~SharedClient() { --counters_.clients; }
  SharedClient(const SharedClient&) = delete;
  SharedClient& operator=(const SharedClient&) = delete;

  const ServerIdentity& server() const { return server_; }
  ChannelHub& hub() { return hub_; }

  /// Who has the connections for commands that block, and who has names of channels.
  TokenCounts& blocking() { return blocking_; }
  TokenCounts& names() { return names_; }

  /// Pays for words that wait to be sent.
  Account& requests_account() const { return channel_.driver->requests_account(); }

  /// Transactions and exclusive connections come from here.
  const native::Client& client() const { return client_; }

  /// Sends a command that prepare() has checked. `handler` gets a Result<WireReply>, also within
  /// this call: the cache may have the reply, if that was true at most `max_staleness` ago.
  template <class Handler>
  void send(const CommandView& command, native::Staleness max_staleness, Handler handler) {
    ++counters_.requests;
    native::Request(*channel_.driver, channel_.timeout, command, max_staleness)
        .start(native::CallbackOperation<WireReply, Handler>::create(
            std::move(handler), channel_.driver->executor(), WireReply(is_resp3_)));
  }

  /// Whether the upstream's cache would serve this reply to the command now. If so, its watcher is
  /// told when it does not any more. `reply`: a WireReply, or its bytes.
  template <class Reply>
  bool watch(std::span<const std::string_view> words, const Reply& reply) {
    const auto command = commands::prepare(words);
    WireReply::Comparison comparison(reply);
    return command && channel_.driver->watch_cached(*command, comparison.left(),
                                                    [&comparison](std::string_view piece) {
                                                      return comparison.next_is(piece);
                                                    });
  }

  /// Whether the server tells the client what happens to the keys that it has read, as far as is
  /// known.
  bool may_be_tracked() const {
    const auto state = client_.statistics().cache_state;
    return state && *state != CacheState::off && *state != CacheState::ttl;
  }

  /// Ends the client within its close_timeout, and with it all that is under way. Handlers of
  /// requests keep this object until then.
  void close() {
    client_.close([](const native::Result<void>&) {});
  }

  bool is_connected() const {
    return client_.statistics().client.state == plimsoll::Session::State::ready;
  }

 private:
  native::Client client_;
  const native::Channel channel_;
  const ServerIdentity server_;
  const bool is_resp3_;
  SharedCounters& counters_;
  ChannelHub hub_;
  TokenCounts blocking_;
  TokenCounts names_;
};

}  // namespace plimsoll::bridge

#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/cluster/cross_slot_writes.h"
#include "plimsoll/core/cluster/read_choice.h"
#include "plimsoll/core/cluster/topology_choice.h"
#include "plimsoll/core/memory/overflow.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/credentials.h"
#include "plimsoll/result.h"
#include "plimsoll/tls_options.h"

namespace plimsoll::inline v0::native {

class ClientSideCache;
class Tracer;

/// A value for Options::reconnect_attempts_max.
using plimsoll::unlimited_attempts;

/// For Options::protocol.
using plimsoll::Protocol;

/// For Options::topology.
using plimsoll::TopologyChoice;

/// For Options::read_from.
using plimsoll::ReadFrom;

/// For Options::cross_slot_writes.
using plimsoll::CrossSlotWrites;

/// For Options::inflight_overflow.
using plimsoll::OnLimit;

/// For Options::subscription_overflow.
using plimsoll::OverflowPolicy;

/// A change of a client's connection, for Options::on_connection.
struct ConnectionEvent {
  enum class Kind : std::uint8_t {
    connected,            ///< the client has a connection, the first or a new one: requests flow
    disconnected,         ///< the connection was lost; the client tries to open a new one
    closed,               ///< the client is closed and takes no more calls; comes once, last
    credentials_refused,  ///< the server refused new credentials; the connection stays as it was
  };
  Kind kind;

  /// The address of the server that the event is about, "127.0.0.1:6379". Of several addresses, the
  /// client is at this one, or tried it last. Before sentinels have named one: the name under which
  /// they watch it.
  std::string server{};

  /// The reason; none for `connected`. For `closed` the code is ErrorCode::closed if you closed the
  /// client, else the code of what ended it.
  std::optional<Error> error = std::nullopt;
};

/// How a client behaves. Every field has a default that suits a server process. connect() checks
/// the fields and names a wrong one (invalid_option). docs/options.md lists them all.
///
/// Not an aggregate on purpose: `co_await connect(url, {.password = p})` would compile, and gcc 12
/// would copy the strings bit by bit into the coroutine and free them twice. Set fields one by one.
struct Options {
  Options() {}  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  /// The process's memory line: "64 MiB", "512 KB", a number of bytes, or "auto" (see
  /// MemoryOptions). Empty: the line that the process has already, or 64 MiB. All clients of a
  /// process share one line: a value other than the line's is an invalid_option. configure_memory()
  /// moves the line, and divides it.
  std::string memory_limit;

  /// How many requests may be under way at a time, from the call until the reply, also requests
  /// whose callers wait no longer. A transaction counts as one. The requests pool is another bound.
  /// Requests beyond either are rejected_by_limit, or wait.
  std::size_t inflight_requests_limit = 1000;

  /// What happens to requests beyond the limit. OnLimit::wait: they wait, first come, first served,
  /// until their timeout. The client keeps their commands meanwhile, and the requests pool pays for
  /// them. OnLimit::reject: they fail at once with rejected_by_limit.
  OnLimit inflight_overflow = OnLimit::wait;

  /// How many requests may wait; more are rejected_by_limit. As long as this is not set, only the
  /// requests pool bounds them: the commands that wait may have half of its share.
  std::size_t waiters_max = 1'000'000'000;

  /// How many side connections the client may have: for commands that block (BLPOP...) and for
  /// exclusive use; and for subscriptions. The client opens them when it needs them. With the main
  /// connection 64 at most. Further commands that block are rejected_by_limit, or wait, as
  /// inflight_overflow says. Further exclusive connections and subscriptions are rejected_by_limit.
  std::uint32_t blocking_connections_max = 8;
  std::uint32_t subscriptions_max = 16;

  /// How many messages of one subscription may wait until you take them, as far as the pushes pool
  /// has room.
  std::uint32_t subscription_messages_max = 10'000;

  /// What happens to more messages. drop_oldest: the client drops those that have waited longest.
  /// drop_newest: it drops the new ones. Either way the next message counts them (Message::lost).
  ///
  /// pause_reading: the client reads nothing until you take a message. This delays only this
  /// subscription, because each has a connection of its own. Further subscribe() calls on it
  /// complete behind the messages. A server closes a connection whose backlog grows beyond its
  /// `client-output-buffer-limit pubsub`; messages that it had not sent are missing then
  /// (Message::gaps).
  OverflowPolicy subscription_overflow = OverflowPolicy::drop_oldest;

  /// How long a request may take, including the wait for a connection; zero: no limit. A command
  /// that blocks also has the time for which it asks the server to wait. After that the call ends
  /// with timed_out; Error::executed() says whether the command may have run.
  std::chrono::nanoseconds request_timeout = std::chrono::milliseconds(250);

  /// How long connect() may take, with all its attempts and handshakes, before it fails; and how
  /// long each later attempt to replace a lost connection may take.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(2);

  /// What the servers are to each other. automatic: the first server that the client reaches says
  /// whether it is a node of a cluster, and then the client is one of that cluster; with RESP2 it
  /// can say so if it knows HELLO. standalone: a node of a cluster is used like a single server, so
  /// that MOVED is an error; for tools. cluster: as with valkey+cluster://. With valkey+sentinel://
  /// sentinels name the server.
  TopologyChoice topology = TopologyChoice::automatic;

  /// Further addresses, "host[:port]", as if they followed in the URL after commas. All lead to the
  /// same data: a primary and its replicas, of which the client then finds the primary, or proxies;
  /// or nodes of one cluster, of whatever role and slots. The client tries all of them, in a random
  /// order, before it fails or waits. It refuses those that say that they are replicas (not with
  /// RESP2, where servers do not say), except nodes of a cluster. With valkey+sentinel:// these
  /// are further sentinels.
  std::vector<std::string> seeds;

  /// Who answers reads: the primary, or its replicas, which the client learns from the primary by
  /// INFO replication, or from a cluster with its slots. A replica is asked only for what it is
  /// proved to have: all that this client has written to the keys, and everything else up to
  /// replica_lag_max. What is no single command that only reads keys goes to the primary: a
  /// transaction, a script, SCAN and its like. Not with broadcast_prefixes, and not through a
  /// bridge or a unix socket. In a cluster, the replicas of each primary are read.
  ReadFrom read_from = ReadFrom::primary;

  /// The availability zone in which the client runs, as the servers' availability-zone names
  /// theirs: for ReadFrom::az_affinity and az_affinity_replicas_and_primary.
  std::string client_az;

  /// What a replica answers is at most so much older than what the primary would have answered when
  /// the read was sent; at least 100 ms. A replica that lags further behind is not read.
  std::chrono::nanoseconds replica_lag_max = std::chrono::seconds(10);

  /// With a cluster: how often a request is sent on to another server, because a server has
  /// said MOVED or ASK, before its error is told; 1 to 31.
  std::uint8_t redirects_max = 16;

  /// With a cluster: what becomes of MSET with keys of several slots. It is refused, or
  /// split: sent in a part for each slot. Then it is not atomic: others may see some parts without
  /// the others, and if a part fails, the others may have run.
  CrossSlotWrites cross_slot_writes = CrossSlotWrites::refuse;

  /// How long the client waits before it tries to replace a lost connection; with several
  /// addresses, each time that it has tried all of them. It draws each wait at random, between zero
  /// and a bound. The bound is reconnect_wait_min at first, doubles with each attempt that fails,
  /// and ends at reconnect_wait_max. Each attempt resolves the host's name again.
  std::chrono::nanoseconds reconnect_wait_min = std::chrono::milliseconds(10);
  std::chrono::nanoseconds reconnect_wait_max = std::chrono::seconds(5);

  /// How many attempts may fail in a row before the client gives up and closes, where an attempt is
  /// one at each address; 0: a lost connection closes the client at once.
  std::uint32_t reconnect_attempts_max = unlimited_attempts;

  /// If the server sent nothing for that long and owes no reply, the client sends a PING; zero:
  /// never. If the answer does not come within tombstone_age_max, the client replaces the
  /// connection.
  std::chrono::nanoseconds health_check_interval = std::chrono::seconds(5);

  /// If the next reply belongs to a request that timed out or was cancelled, and does not come for
  /// that long, the client takes the connection for dead and replaces it. While a caller waits for
  /// the next reply, the client keeps the connection: a slow command is no dead server.
  std::chrono::nanoseconds tombstone_age_max = std::chrono::seconds(5);

  /// How often the client sends a read (GET, HGETALL...) again after its connection was lost; 0:
  /// the read fails with lost_in_doubt. Writes, and commands that are not in docs/commands.md, are
  /// never sent again.
  std::uint8_t read_resends_max = 0;

  /// TCP on Linux only (TCP_USER_TIMEOUT): the system ends a connection if bytes are not
  /// acknowledged for that long, or if the server's buffers are full for that long. Zero: the
  /// system's choice, about 15 minutes.
  std::chrono::milliseconds tcp_user_timeout = std::chrono::seconds(10);

  /// The client calls this when it has a connection, when it loses it, when the server refuses new
  /// credentials, and when the client is closed. The calls come on the client's executor, one at a
  /// time, in the order of the events; a loss is reported before the outcomes of the requests that
  /// were lost with it. The last call, `closed`, may come after the Client was destroyed, so what
  /// the function refers to must outlive the client.
  std::function<void(const ConnectionEvent&)> on_connection;

  /// Gets each request and its outcome, for tracing (tracer.h). Null: no tracing, at no cost.
  std::shared_ptr<Tracer> tracer;

  /// TLS. Addresses with valkeys://, rediss:// or wss:// turn it on.
  TlsOptions tls;

  /// How long close() waits for replies that the server owes.
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(1);

  /// The largest reply that the client takes. It skips larger ones as they arrive, and the call
  /// fails with reply_too_large.
  std::size_t reply_bytes_max = 512 * 1024 * 1024;

  /// The user on the server, if the address does not name one. A password without a username is
  /// that of the default user.
  std::string username;
  std::string password;

  /// For a bridge (ws://, wss://): the token that the client shows, in place of a username and a
  /// password. Printable ASCII, at most 4096 bytes. Empty: no token.
  std::string token;

  /// For passwords and tokens that change. The client calls this on its executor when it needs
  /// credentials: before it opens a connection, unless the last answer still lasts, and before the
  /// last answer ends. It never calls this again before it has an answer. For a coroutine use
  /// awaited() of plimsoll/awaited_credentials.h.
  ///
  /// If the answer is a failure, or does not come within three quarters of connect_timeout, the
  /// attempt to connect fails with credentials_failed. After a failure the client asks again at the
  /// next attempt. While an answer is late, further attempts fail at once. Open connections go on
  /// with the credentials that they have.
  std::function<void(const CredentialsRequest&)> credentials;

  /// How long before the end of the credentials' lifetime the client asks for the next ones; at
  /// most half of the lifetime.
  std::chrono::nanoseconds credentials_refresh_before = std::chrono::minutes(1);

  /// The user at the sentinels, for valkey+sentinel://; username and password above are those at
  /// the servers. A password without a username is that of the default user.
  std::string sentinel_username;
  std::string sentinel_password;

  /// TLS with the sentinels. valkeys+sentinel:// turns on this and `tls`; if nothing else is set
  /// here, it then has what `tls` has.
  TlsOptions sentinel_tls;

  /// A cache for what this client reads (client_side_cache.h). You may give one cache to several
  /// clients, which then share it.
  std::shared_ptr<ClientSideCache> client_side_cache;

  /// Stands in front of each key of each command, by the command table: also in transactions,
  /// scripts, SORT's BY, GET and STORE, stream readers, and reads from the cache. Keys in replies
  /// keep it. The patterns of SCAN and KEYS are given in full. A command whose keys are not known,
  /// as those of modules, is refused. A client with a prefix copies each command with keys once
  /// more.
  std::string key_prefix;

  /// Stands in front of each channel and pattern that is subscribed to, and of the channels of
  /// PUBLISH, SPUBLISH and PUBSUB NUMSUB, also in transactions; not in front of the pattern of
  /// PUBSUB CHANNELS. Messages and replies have channels in full.
  std::string channel_prefix;

  /// The client's name in CLIENT LIST.
  std::string client_name;

  /// RESP2 is for servers, and proxies in front of them, that do not know HELLO.
  Protocol protocol = Protocol::resp3;

  /// CLIENT NO-EVICT: the server does not close this client's connections when it is short of
  /// memory. Needs rights that not every user has; without them there is no connection.
  bool no_evict = false;

  /// CLIENT NO-TOUCH: what this client reads does not count as use of the keys (LRU, LFU).
  bool no_touch = false;

  /// The database to use, if the address does not name one.
  std::uint32_t database = 0;
};

/// Where a server or a bridge listens.
struct Endpoint {
  enum class Kind : std::uint8_t { tcp, unix_socket, websocket };
  Kind kind = Kind::tcp;
  std::string host;  // a name or an address; empty for a unix_socket
  std::uint16_t port = 6379;
  std::string path;  // unix_socket: the socket; websocket: a bridge's upstream, "/main"

  /// "127.0.0.1:6379", "[::1]:6379"; without the port if it is `usual_port`.
  std::string authority(std::uint16_t usual_port) const;

  /// "127.0.0.1:6379", "unix:/run/valkey.sock", "127.0.0.1:8380/main": for error texts and logs.
  std::string to_string() const;
};

/// The addresses of a server, of sentinels or of a cluster, and the options with what the URL says.
struct Target {
  std::vector<Endpoint> endpoints;  // one or more, all of one kind
  Options options;
  std::string primary_name{};  // under which the sentinels watch the primary; empty: the endpoints
                               // are those of a server, or of a cluster
  bool is_cluster = false;     // the endpoints are servers of a cluster, which know all others:
                               // the URL or Options::topology says so
};

/// Parses an address:
///  - "valkey://[user[:password]@]host[:port][/database]"; redis:// is the same; valkeys:// and
///    rediss:// mean TLS; the default port is 6379.
///  - "unix://[user[:password]@]/path/to/socket"
///  - "ws://host[:port][/upstream]"; wss:// means TLS; the default ports are 80 and 443.
///
///  - "valkey+sentinel://[user[:password]@]host[:port]/name[/database]", for the addresses of
///    sentinels and the name under which they watch the primary; redis+sentinel:// is the same;
///    valkeys+sentinel:// and rediss+sentinel:// mean TLS; the default port is 26379.
///
///  - "valkey+cluster://[user[:password]@]host[:port]", for the addresses of some servers of a
///    cluster, which has no database but 0; redis+cluster:// is the same; valkeys+cluster:// and
///    rediss+cluster:// mean TLS; the default port is 6379.
///
/// Except with unix://, further addresses may follow the first, with commas between them:
/// "valkey://one:6379,two:6380/0". Options::seeds has more of them. There are 64 at most,
/// and 16 sentinels.
///
/// database=N, client_name=NAME and protocol=2 or 3 may follow a ?, with & between them. Percent
/// escapes are decoded in user, password, client_name and the primary's name. What the address says
/// wins over `options`. invalid_option names the part of the address that is wrong; the text never
/// repeats a secret.
Result<Target> parse_url(std::string_view url, Options options);

}  // namespace plimsoll::inline v0::native

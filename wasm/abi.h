#pragma once

#include "plimsoll/wasm/abi_types.h"

// The C ABI of the core: the only interface between the WebAssembly module and its host. It mirrors
// core/client/client.h, call by call, and decides nothing itself. Compiled natively it is the same
// interface, for tests.
//
// Rules for every call:
//
// - The host calls the module's _initialize() once, before anything else. There is one thread, and
//   the host makes no call from within another.
// - A return value of 0 or more is the answer. A negative value means that the call was refused and
//   nothing has changed, except that the words staged for it are discarded. The value is minus a
//   PlimsollError; plimsoll_describe_error() writes the sentence. A mistake of the host (an unknown
//   client, more bytes than there is room for, calls out of order) is refused as
//   plimsoll_error_invalid_argument.
// - A trap is a bug in this project. The outbox has the text of the CHECK that failed; the host
//   must not call the instance again.
// - The host never passes a pointer, so it cannot name a wrong address. It writes to the places
//   that plimsoll_outbox(), plimsoll_options(), plimsoll_stage() and plimsoll_read_space() return,
//   and passes sizes.
// - Any call may grow the memory, which detaches the host's views. The import
//   env.emscripten_notify_memory_growth reports this; the host must make new views before it reads
//   or writes again.
// - Times are milliseconds in a double, rounded to the microsecond, as JavaScript's clocks have
//   them. (Nanoseconds in 64 bits would be a BigInt, an allocation for each call.) Instants count
//   from any zero, up to 142 years from it, and never decrease.
// - Counts that may exceed 32 bits are doubles, too. They stay below 2^53, so they are exact. The
//   id of a request is two halves of 32 bits.
// - The host stages words as a table of their sizes (32 bits each, little-endian) followed by the
//   bytes of all words: in PlimsollOutbox::staging if they fit, else in the place that
//   plimsoll_stage() returns. The call that takes the words gets their number as `count`.
// - In a request of more than plimsoll_deferred_request_bytes_min, words may be deferred: their
//   sizes stand in the table with plimsoll_word_deferred added, and their bytes are not staged. If
//   the request was staged, the host writes these bytes into it, to the places that
//   plimsoll_staged_places() returns, before it makes any other call about this client. So a large
//   request needs its bytes once, and in segments. The words of a command's name are never
//   deferred; other words only if the core does not need to read them (plimsoll_outcome_whole).

#ifdef __cplusplus
extern "C" {
#endif

// ---- The instance

/// Returns plimsoll_abi_version. A host that was written for another version must stop.
uint32_t plimsoll_version(void);

/// Returns the address of the outbox, which does not change during the life of the instance.
struct PlimsollOutbox* plimsoll_outbox(void);

/// Sets the memory limit of this instance, in bytes, once. Without this call, the first stage() or
/// create() sets the default. invalid_option: below 1 MiB, above plimsoll_memory_limit_max, or
/// different from a limit that was set before. The number is a double since it comes from a user,
/// and JavaScript would silently cut it to 32 bits.
int32_t plimsoll_configure(double memory_limit);

/// Changes the memory limit. If more is in use than the new limit allows, no memory is granted
/// until enough has been released. invalid_option: below 1 MiB or above plimsoll_memory_limit_max.
int32_t plimsoll_set_memory_limit(double memory_limit);

/// Returns room for `size` bytes, which the next call that takes words uses up. Returns 0
/// (rejected_by_limit) if there is no memory. Discards what was staged before.
char* plimsoll_stage(size_t size);

/// Writes outbox.statistics.memory. Answers 0. This call does not set the limit: as long as no
/// limit is set, all numbers are 0.
int32_t plimsoll_memory_statistics(void);

/// Writes the sentence about outbox.error to outbox.text and answers its size. Valid until the next
/// call that is refused.
int32_t plimsoll_describe_error(void);

// ---- Caches

/// Returns where to write the options for the next create_cache(), set to their defaults.
struct PlimsollCacheOptions* plimsoll_cache_options(void);

/// Makes a cache with the options written there, and `count` staged words: those of its filter and
/// of its broadcast prefixes. Answers its id, 1 or more. invalid_option, which names the field;
/// rejected_by_limit: plimsoll_caches_max is reached; out_of_memory.
int32_t plimsoll_create_cache(uint32_t count);

/// Destroys a cache. invalid_argument while a client reads through it.
int32_t plimsoll_destroy_cache(int32_t cache);

/// Drops all entries.
int32_t plimsoll_clear_cache(int32_t cache);

/// Drops the entries that are bounded by a time limit only. A barrier first makes this call, and
/// then calls plimsoll_prove() for each client of the cache.
int32_t plimsoll_drop_untracked(int32_t cache);

/// Writes outbox.statistics.cache. Answers 0.
int32_t plimsoll_cache_statistics(int32_t cache);

// ---- A client

/// Returns where to write the options for the next create(), set to their defaults.
struct PlimsollOptions* plimsoll_options(void);

/// Makes a client with the options written there and four staged words: username, password, client
/// name, and the name of the server and database that it reads. Clients of a cache share entries if
/// the last word is the same, and the server takes them for the same user. If the options say
/// `sentinel`, three more words follow: the name under which the sentinels watch the primary, and
/// the username and password at the sentinels. If they say `read_from`, one more follows, the last:
/// the zone in which the client runs, or an empty one; then the client reads from replicas, which
/// its primary names, and refuses servers that say they are replicas as its main one. Unless their
/// `topology` is standalone, seeds_count more follow, the last: the host of each of these
/// addresses, without a port or brackets; then the client asks no sentinels and, with a cluster,
/// reads from no replicas and has no cache. The client begins to connect: call poll() next. Answers
/// its id, 1 or more. invalid_option, which names the field; rejected_by_limit:
/// plimsoll_clients_max is reached; out_of_memory.
int32_t plimsoll_create(double now);

/// Destroys a client and everything that it holds. Its requests get no further events. To get the
/// outcome of each, call abort() and poll() before.
int32_t plimsoll_destroy(int32_t client);

/// Accepts no more requests, waits for outstanding replies (for at most close_timeout), then
/// closes.
int32_t plimsoll_close(int32_t client, double now);

/// Closes now: every request ends.
int32_t plimsoll_abort(int32_t client);

/// Sets the credentials, two staged words: username and password. Open connections log in with the
/// new credentials, too.
int32_t plimsoll_set_credentials(int32_t client);

/// Sets the token that the main connection shows to a bridge in front of the server, one staged
/// word. Clients of a cache that show different tokens share no entries. Call this before
/// handle_opened(0) whenever the token differs from the previous connection's.
int32_t plimsoll_set_shown(int32_t client);

/// Writes outbox.statistics.client. Answers 0.
int32_t plimsoll_client_statistics(int32_t client);

/// Writes what is known of sentinel number `index`, from 0: outbox.statistics.sentinel; in
/// outbox.spans the host of its address, if it was told one, and that of the primary that it has
/// named last; and the sentence about its problem to outbox.text. Answers 1, or 0 if there are no
/// more sentinels.
int32_t plimsoll_sentinel(int32_t client, uint32_t index);

/// Writes what is known of replica number `index`, from 0, of those that the client reads from:
/// outbox.statistics.replica; in outbox.spans the host of its address, its zone, which is empty if
/// it is not known, and the host of its primary's address, if the client has several primaries; and
/// the sentence about its problem to outbox.text. Answers 1, or 0 if there are no more replicas.
int32_t plimsoll_replica(int32_t client, uint32_t index);

/// Writes outbox.statistics.replicas, and the sentence about its problem to outbox.text. Answers 1,
/// or 0 if the client does not read from replicas; then nothing is written.
int32_t plimsoll_replicas_statistics(int32_t client);

/// Writes what is known of node number `index`, from 0, of the client's cluster:
/// outbox.statistics.node; in outbox.spans the host of its address, and its id, which is empty if
/// it is not known; and the sentence about its problem to outbox.text. Answers 1, or 0 if there are
/// no more nodes.
int32_t plimsoll_cluster_node(int32_t client, uint32_t index);

/// Writes outbox.statistics.cluster, and the sentence about its problem to outbox.text. Answers 1,
/// or 0 if the client has no cluster; then nothing is written.
int32_t plimsoll_cluster_statistics(int32_t client);

/// Sets how many bytes of callers' words the host itself keeps for later requests. The requests
/// pool pays for them from now on. rejected_by_limit: the pool has no room, and pays for as many as
/// before.
int32_t plimsoll_hold(int32_t client, double bytes);

// ---- Requests. `tag` is not 0; the one outcome of the request has the same tag. `timeout` counts
// from now; 0: none; below 0: the client's request_timeout. Each call answers 0 and writes an id
// for cancel() to outbox.request. If it is refused (rejected_by_limit, refused_command, closed,
// invalid_argument), nothing was kept.

/// Stages a request of `count` words, the command's name first. outbox.outcome says what happened
/// to it. A client with a cache may serve a read at once, if the reply was true within the last
/// `staleness` milliseconds (below 0: as the cache's rules allow): then the area has
/// outbox.nodes_count nodes.
int32_t plimsoll_submit(int32_t client, uint32_t count, uint32_t tag, double timeout,
                        double staleness, double now);

/// The same for GET of one key. The key alone is staged: `size` bytes, without a table.
int32_t plimsoll_submit_get(int32_t client, uint32_t size, uint32_t tag, double timeout,
                            double staleness, double now);

/// Submits the request that plimsoll_event_admitted named. The host must have staged its words
/// again. `commands`: of a transaction; 0 for a single command.
int32_t plimsoll_submit_admitted(int32_t client, uint32_t commands, uint32_t count, uint32_t tag);

/// Looks up GET of one key, staged as for plimsoll_submit_get(), in the cache only. Answers 1, with
/// the nodes of the value in the area, or 0 if the cache has no such entry.
int32_t plimsoll_lookup(int32_t client, uint32_t size, double now);

/// Requests a proof. Completes, without a value, once the cache serves nothing that this client
/// reads and that was out of date at the time of this call.
int32_t plimsoll_prove(int32_t client, uint32_t tag, double timeout, double now);

/// Stages a transaction: the words of all its commands, one command after the other. In front of
/// the table are `commands` more numbers of 32 bits: how many words each command has. The outcome
/// is that of EXEC: an array or null. `connection`: 0, or one that plimsoll_open_exclusive() gave,
/// on which a transaction does not wait for room.
int32_t plimsoll_submit_transaction(int32_t client, uint32_t connection, uint32_t commands,
                                    uint32_t count, uint32_t tag, double timeout, double now);

/// Returns where the bytes of a request with deferred words lie that the last call has staged: the
/// places of up to `size` bytes of the encoded request, from byte `offset` on. Answers how many of
/// outbox.spans they take. If these are fewer bytes, ask again for the rest.
int32_t plimsoll_staged_places(int32_t client, size_t offset, size_t size);

/// Finds the keys among staged words, for a host that changes them before it stages the request.
/// The words behind the name may be cut short or left empty unless they are numbers or tokens.
/// Answers how many ranges of words there are; outbox.area has three doubles for each: the place of
/// the first word (the name is 0), the step, and how many. plimsoll_places_fixed is added if they
/// depend on the number of words alone. Refused: a command that the table does not have.
int32_t plimsoll_key_places(uint32_t count);

/// Ends a request early, unless it has ended already.
int32_t plimsoll_cancel(int32_t client, uint32_t request_low, uint32_t request_high, double now);

// ---- Side connections. The calls that open a connection answer its number.

/// Opens a connection for one caller alone: for WATCH and the transaction after it, and for WAIT.
/// Commands that block for another reason are refused there.
int32_t plimsoll_open_exclusive(int32_t client, double now);
int32_t plimsoll_submit_to(int32_t client, uint32_t connection, uint32_t count, uint32_t tag,
                           double timeout, double now);
int32_t plimsoll_release(int32_t client, uint32_t connection, double now);

/// Submits a command of `count` staged words to nodes of a cluster that the caller has chosen.
/// `where`: 0 each primary, and the answer is a map of their addresses to their answers; 1 any of
/// them; 2 the owner of a key, 3 the primary with an address. For the last two one more word stands
/// in front of the command, the key or the address. Never waits for room.
int32_t plimsoll_submit_at(int32_t client, uint32_t where, uint32_t count, uint32_t tag,
                           double timeout, double now);

/// Opens a connection for subscriptions. If it is lost, it is replaced and they are restored.
int32_t plimsoll_open_subscription(int32_t client, double now);

/// The names are `count` staged words. `kind`: 0 channels, 1 patterns, 2 shard channels.
int32_t plimsoll_subscribe(int32_t client, uint32_t connection, uint32_t kind, uint32_t count,
                           uint32_t tag, double timeout, double now);
int32_t plimsoll_unsubscribe(int32_t client, uint32_t connection, uint32_t kind, uint32_t count,
                             uint32_t tag, double timeout, double now);

/// Completes with a message: the push as the server sent it. Up to `messages_max` - 1 more messages
/// may come before it, each as plimsoll_event_pushed with the same tag; then the outcome may have
/// no value.
int32_t plimsoll_next_messages(int32_t client, uint32_t connection, uint32_t messages_max,
                               uint32_t tag, double timeout, double now);
int32_t plimsoll_close_subscription(int32_t client, uint32_t connection, double now);

/// Writes outbox.statistics.subscription. Answers 0.
int32_t plimsoll_subscription_statistics(int32_t client, uint32_t connection);

// ---- What the host reports to the client. After each of these calls, call poll(), and
// poll_transmit() for the connections that are `unsent`. Refused while poll() says that there is
// more.

/// The connection that plimsoll_action_open requested is open. Call this once for each. `credits`
/// is not 0 if the peer sends no more than it is granted (docs/bridge-protocol.md). Answers how
/// many bytes to grant the peer first; they are charged until the client has read them.
/// out_of_memory: there is no memory for the smallest grant; call handle_closed() instead.
int32_t plimsoll_handle_opened(int32_t client, uint32_t connection, uint32_t credits, double now);

/// The connection could not be opened, or has ended. `reason`: PlimsollCloseReason. Do not call
/// this after plimsoll_action_close.
int32_t plimsoll_handle_closed(int32_t client, uint32_t connection, uint32_t reason, double now);

/// Asks for a place for received bytes. Answers how many bytes fit outbox.spans[0], which is valid
/// until the handle_read() that must follow, or the end of the connection. 0: there is no memory
/// now. Then leave the bytes with the transport, which is the backpressure, and ask again when the
/// connection is `resumed`; after the next poll(), handle_written() or destroy() of any client,
/// which may release memory; or after handle_timeout() of this client. `waiting` is the number of
/// bytes that have been received and not read. It matters with credits: protocol_error means that
/// the peer has sent more than it was granted, and that the host should end the connection.
int32_t plimsoll_read_space(int32_t client, uint32_t connection, size_t waiting);

/// The host has written `size` bytes to the front of that place; 0 gives it back unused. Answers
/// how many bytes to grant the peer now: mostly 0, and always 0 without credits.
int32_t plimsoll_handle_read(int32_t client, uint32_t connection, size_t size, double now);

/// Answers how many of outbox.spans have bytes to send; mostly 0. After an answer above 0, call
/// handle_written() before the next poll_transmit(). The bytes stay in place until that call,
/// plimsoll_action_close or handle_closed(): a transport that may read them for longer needs a
/// copy.
int32_t plimsoll_poll_transmit(int32_t client, uint32_t connection);

/// The transport has accepted the first `size` bytes that poll_transmit() returned, and no longer
/// needs the rest.
int32_t plimsoll_handle_written(int32_t client, uint32_t connection, size_t size);

/// The time that outbox.timeout named has come.
int32_t plimsoll_handle_timeout(int32_t client, double now);

// ---- What the client reports to the host

/// Answers how many event records are in the area, each followed by its nodes. Writes outbox.more
/// and, once all events are reported, outbox.action (for outbox.connection), .unsent, .resumed and
/// .timeout. While .more is not 0, call this again; if it is plimsoll_more_nodes, call poll_nodes()
/// first. What the records point to is valid until the next call about this client. A connection
/// that is to be closed needs no further calls, except the handle_written() for bytes that are on
/// their way.
int32_t plimsoll_poll(int32_t client);

/// Answers how many further nodes are in the area, for a value that is too large for it. The
/// strings stay in place until the next call about this client other than this one.
int32_t plimsoll_poll_nodes(int32_t client);

/// The host has read a reply that the cache had (plimsoll_outcome_served): releases what it was
/// copied to. Not needed for a reply of one node.
int32_t plimsoll_release_served(int32_t client);

/// Call this until it returns 0, after each poll() with outbox.has_nodes: returns a connection to a
/// node of a cluster to call poll_transmit() for, each once until it has something to send again.
int32_t plimsoll_unsent_node(int32_t client);

#ifdef __cplusplus
}
#endif

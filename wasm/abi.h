#pragma once

#include "plimsoll/wasm/abi_types.h"

// The only door between the core in a WebAssembly module and its host. It mirrors
// core/client/client.h, call by call; whatever decides anything is behind it. Compiled natively it
// is the same door, for tests.
//
// What holds for every call:
//
// - First of all the host calls the module's _initialize(), once. There is one thread, and no call
//   is made from within another.
// - Answers: 0 or more is the answer. Below 0 the call was refused and nothing has changed (but
//   what was staged for it is used up): it is minus a PlimsollError, and plimsoll_describe_error()
//   has the words. What a host can get wrong (a client that is not there, more bytes than there is
//   room for, calls out of order) is refused as plimsoll_error_invalid_argument.
// - A trap is a bug of ours. The text of the CHECK that failed is in the outbox; the instance is
//   not to be called again.
// - Pointers only go out. The host writes where plimsoll_outbox(), plimsoll_options(),
//   plimsoll_stage() and plimsoll_read_space() say, and names what it wrote by sizes: there is no
//   address to get wrong.
// - Any call may grow the memory. The import env.emscripten_notify_memory_growth tells the host,
//   whose views are then detached: it makes new ones before it reads or writes again.
// - Times are milliseconds in a double, taken to the microsecond. That is what JavaScript's clocks
//   give; nanoseconds in 64 bits would be a BigInt, an allocation a call. Instants count from any
//   zero, up to 142 years from it, and never run backwards. Durations likewise.
// - Counts that pass 32 bits are doubles too: they stay below 2^53, so are exact. Ids of requests
//   are two halves.
// - Words are staged as a table of their sizes (32 bits each, little-endian), then the bytes of
//   all, one behind the other: in PlimsollOutbox::staging if they fit, else where plimsoll_stage()
//   says. The call that takes them has their `count`.

#ifdef __cplusplus
extern "C" {
#endif

// ---- The instance

/// plimsoll_abi_version, which the host was written for, or the host must not go on.
uint32_t plimsoll_version(void);

/// Where the outbox is, for the life of the instance.
struct PlimsollOutbox* plimsoll_outbox(void);

/// Draws the one memory line of this instance, in bytes; if it was not drawn before, the first
/// stage() or create() draws it at its default. invalid_option: below 1 MiB, above
/// plimsoll_memory_limit_max, or another line was drawn already (the same is fine). A double, since
/// this number comes from a user, and JavaScript would cut it to 32 bits without a word.
int32_t plimsoll_configure(double memory_limit);

/// Moves the line: where more is in use than it allows, nothing is granted until enough was
/// released. invalid_option as above.
int32_t plimsoll_set_memory_limit(double memory_limit);

/// Room for `size` bytes that the next call with words takes; 0 where there is none, which is
/// rejected_by_limit. Each call ends what the one before staged.
char* plimsoll_stage(size_t size);

/// Writes outbox.statistics.memory. Answers 0. Draws no line: all is 0 without one.
int32_t plimsoll_memory_statistics(void);

/// Writes the sentence about outbox.error to outbox.text, and answers its size. Valid until the
/// next call that is refused.
int32_t plimsoll_describe_error(void);

// ---- Caches

/// Where the options of the next create_cache() go. Each call sets them to their defaults.
struct PlimsollCacheOptions* plimsoll_cache_options(void);

/// A new cache, by cache_options() and the `count` words of its filter and of its prefixes. Answers
/// its id, 1 or more. invalid_option, naming the field; rejected_by_limit: plimsoll_caches_max;
/// out_of_memory.
int32_t plimsoll_create_cache(uint32_t count);

/// Forgets a cache. invalid_argument while a client reads through it.
int32_t plimsoll_destroy_cache(int32_t cache);

/// Drops all entries.
int32_t plimsoll_clear_cache(int32_t cache);

/// Drops what only time vouches for: the first step of a barrier, before plimsoll_prove() by each
/// of its clients.
int32_t plimsoll_drop_untracked(int32_t cache);

/// Writes outbox.statistics.cache. Answers 0.
int32_t plimsoll_cache_statistics(int32_t cache);

// ---- A client

/// Where the options of the next create() go. Each call sets them to their defaults.
struct PlimsollOptions* plimsoll_options(void);

/// A new client, by options() and four words: username, password, client name, and what it reads
/// (for its cache: clients share entries if they say the same, and are the same user there). It
/// starts to connect: poll() comes next. Answers its id, 1 or more. invalid_option, naming the
/// field; rejected_by_limit: plimsoll_clients_max; out_of_memory: the line has no room for one
/// more.
int32_t plimsoll_create(double now);

/// Forgets a client and all that it holds. Its requests get no events any more: abort() and poll()
/// before this, and every one of them has its outcome.
int32_t plimsoll_destroy(int32_t client);

/// Takes no more requests, waits for replies that are owed (close_timeout at most), then closes.
int32_t plimsoll_close(int32_t client, double now);

/// Closes now: every request ends.
int32_t plimsoll_abort(int32_t client);

/// Who to be from now on, by two words: username and password. Connections that are there are told.
int32_t plimsoll_set_credentials(int32_t client);

/// What the main connection shows to whoever lies before the server, by one word: a bridge's token.
/// Clients of a cache that show other things share no entries. Before handle_opened(0), wherever it
/// is another than for the connection before.
int32_t plimsoll_set_shown(int32_t client);

/// Writes outbox.statistics.client. Answers 0.
int32_t plimsoll_client_statistics(int32_t client);

/// Says how many bytes of callers' words the host keeps by itself for requests to come: the
/// requests pool pays for them from now on. rejected_by_limit: it has no room, and pays for as many
/// as before.
int32_t plimsoll_hold(int32_t client, double bytes);

// ---- Requests. `tag` comes back with the one outcome of each, and is not 0. `timeout` counts from
// now; 0: none; below 0: the client's request_timeout. Answers are 0, and outbox.request is an id
// for cancel(). rejected_by_limit, refused_command, closed, invalid_argument: nothing was kept.

/// Stages a request of `count` words, its name first; outbox.outcome says what became of it. With a
/// cache, a read may be served at once, from what was true within `staleness` (milliseconds; below
/// 0: as the cache's rules allow): then outbox.nodes_count nodes are in the area.
int32_t plimsoll_submit(int32_t client, uint32_t count, uint32_t tag, double timeout,
                        double staleness, double now);

/// The same of GET and one key, which is all that was staged: `size` bytes, without a table.
int32_t plimsoll_submit_get(int32_t client, uint32_t size, uint32_t tag, double timeout,
                            double staleness, double now);

/// plimsoll_submit() of what plimsoll_event_admitted named, whose words were staged anew.
int32_t plimsoll_submit_admitted(int32_t client, uint32_t count, uint32_t tag);

/// Looks GET of the key that was staged, likewise, up in the cache, and there alone: 1, with its
/// nodes in the area, or 0.
int32_t plimsoll_lookup(int32_t client, uint32_t size, double now);

/// Completes, without a value, when lookups are served what is true now, by what this client reads.
int32_t plimsoll_prove(int32_t client, uint32_t tag, double timeout, double now);

/// Stages a transaction: the words of all its commands, one behind the other; the sizes of the
/// commands, in words, are `commands` more numbers of 32 bits in front of the table. The outcome is
/// that of EXEC, an array or null.
int32_t plimsoll_submit_transaction(int32_t client, uint32_t commands, uint32_t count, uint32_t tag,
                                    double timeout, double now);

/// Ends a request early, unless it has ended.
int32_t plimsoll_cancel(int32_t client, uint32_t request_low, uint32_t request_high, double now);

// ---- Connections beside the main one: answers are their numbers

/// For one user, with WATCH and what follows it.
int32_t plimsoll_open_exclusive(int32_t client, double now);
int32_t plimsoll_submit_to(int32_t client, uint32_t connection, uint32_t count, uint32_t tag,
                           double timeout, double now);
int32_t plimsoll_release(int32_t client, uint32_t connection, double now);

/// For subscriptions, which are restored when it is replaced.
int32_t plimsoll_open_subscription(int32_t client, double now);

/// The names are `count` words. `kind`: 0 channels, 1 patterns, 2 shard channels.
int32_t plimsoll_subscribe(int32_t client, uint32_t connection, uint32_t kind, uint32_t count,
                           uint32_t tag, double timeout, double now);
int32_t plimsoll_unsubscribe(int32_t client, uint32_t connection, uint32_t kind, uint32_t count,
                             uint32_t tag, double timeout, double now);

/// Completes with a message: the push as the server said it; before it come up to `messages_max` -
/// 1 more, as plimsoll_event_pushed with the tag. The outcome may have no value then.
int32_t plimsoll_next_messages(int32_t client, uint32_t connection, uint32_t messages_max,
                               uint32_t tag, double timeout, double now);
int32_t plimsoll_close_subscription(int32_t client, uint32_t connection, double now);

/// Writes outbox.statistics.subscription. Answers 0.
int32_t plimsoll_subscription_statistics(int32_t client, uint32_t connection);

// ---- What the host has to say. After each of these: poll(), and poll_transmit() of those that are
// `unsent`. Refused while poll() says that there is more.

/// There is the connection that plimsoll_action_open asked for. Once for each. `credits`: not 0
/// where the peer sends no more than it is granted (docs/bridge-protocol.md). Answers how many
/// bytes to grant it first; they are charged until they were read. out_of_memory: the line has no
/// room for the least of it, and handle_closed() should come instead.
int32_t plimsoll_handle_opened(int32_t client, uint32_t connection, uint32_t credits, double now);

/// There is none, or no more. `reason`: PlimsollCloseReason. Not after plimsoll_action_close.
int32_t plimsoll_handle_closed(int32_t client, uint32_t connection, uint32_t reason, double now);

/// Where to put what arrives: answers how many bytes fit outbox.spans[0], until the handle_read()
/// that must follow, or the end of the connection. 0: no memory for it now; leave the bytes with
/// the transport (that is the backpressure), and ask again when it is `resumed`, after the next
/// poll(), handle_written() or destroy() of any client, which are what releases some, or
/// handle_timeout() of this one. `waiting`: how many bytes have come and were not read, which
/// matters where there are credits: protocol_error says that it is more than the peer was granted,
/// and that the host should end the connection.
int32_t plimsoll_read_space(int32_t client, uint32_t connection, size_t waiting);

/// The first `size` bytes of that room are filled; 0 gives it back as it is. Answers how many bytes
/// to grant the peer now: 0 mostly, and always without credits.
int32_t plimsoll_handle_read(int32_t client, uint32_t connection, size_t size, double now);

/// How many of outbox.spans hold bytes to send: 0 mostly. Each answer above 0 wants a
/// handle_written() before the next. The bytes stay where they are until that, or
/// plimsoll_action_close, or handle_closed(): a transport that may still be reading them then needs
/// a copy.
int32_t plimsoll_poll_transmit(int32_t client, uint32_t connection);

/// The transport has taken the first `size` bytes of what poll_transmit() gave, and needs none of
/// the others.
int32_t plimsoll_handle_written(int32_t client, uint32_t connection, size_t size);

int32_t plimsoll_handle_timeout(int32_t client, double now);

// ---- What the client has to say

/// Answers how many event records lie in the area, each with its nodes behind it, and writes
/// outbox.action (of outbox.connection: a connection that is to be closed has no more to say, but
/// for the handle_written() of what was on its way), .unsent, .resumed, .timeout and .more. While
/// that is not 0 it is called again (after poll_nodes(), if there are more of them); what the
/// records point to lives until the next call about this client.
int32_t plimsoll_poll(int32_t client);

/// The next nodes of a value that is too large for the area: answers how many. Strings lie where
/// they were read, until the next call about this client that is not this one.
int32_t plimsoll_poll_nodes(int32_t client);

#ifdef __cplusplus
}
#endif

#pragma once

#include <stddef.h>
#include <stdint.h>

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
// - Pointers only go out. The host writes where plimsoll_options(), plimsoll_stage() and
//   plimsoll_read_space() say, and names what it wrote by sizes: there is no address to get wrong.
// - Any call may grow the memory. The import env.emscripten_notify_memory_growth tells the host,
//   whose views are then detached: it makes new ones before it reads or writes again.
// - Times are milliseconds in a double, taken to the microsecond. That is what JavaScript's clocks
//   give; nanoseconds in 64 bits would be a BigInt, an allocation a call. Instants count from any
//   zero, up to 142 years from it, and never run backwards. Durations likewise.
// - Counts and ids that pass 32 bits are doubles too: they stay below 2^53, so are exact.
//
// A client has one connection, so that calls name the client alone.

#ifdef __cplusplus
extern "C" {
#endif

enum {
  plimsoll_abi_version = 3,
  plimsoll_spans_max = 16,
  plimsoll_text_max = 320,
  plimsoll_pools_count = 6,
  /// Clients of one instance at a time.
  plimsoll_clients_max = 1024,
  /// The highest memory line, in bytes. The module's memory ends at 256 MiB; the rest is for stack
  /// and data, and for what the allocator itself needs.
  plimsoll_memory_limit_max = 224 * 1024 * 1024,
};

/// Why something failed: core/base/error.h says what each means.
enum PlimsollError {
  plimsoll_error_lost_unsent = 1,
  plimsoll_error_lost_in_doubt,
  plimsoll_error_timed_out,
  plimsoll_error_cancelled,
  plimsoll_error_rejected_by_limit,
  plimsoll_error_reply_too_large,
  plimsoll_error_out_of_memory,
  plimsoll_error_server_error,
  plimsoll_error_cluster_redirect,
  plimsoll_error_transaction_aborted,
  plimsoll_error_protocol_error,
  plimsoll_error_invalid_argument,
  plimsoll_error_invalid_option,
  plimsoll_error_refused_command,
  plimsoll_error_wrong_type,
  plimsoll_error_connect_failed,
  plimsoll_error_connection_lost,
  plimsoll_error_connection_dead,
  plimsoll_error_server_loading,
  plimsoll_error_primary_down,
  plimsoll_error_server_busy,
  plimsoll_error_too_many_clients,
  plimsoll_error_protected_mode,
  plimsoll_error_tls_failed,
  plimsoll_error_credentials_failed,
  plimsoll_error_certificate_invalid,
  plimsoll_error_authentication_failed,
  plimsoll_error_permission_denied,
  plimsoll_error_unsupported_protocol,
  plimsoll_error_unknown_database,
  plimsoll_error_tracking_refused,
  plimsoll_error_closed,
  plimsoll_error_forked,
};

/// Whether the server may have executed the request that failed.
enum PlimsollExecuted { plimsoll_executed_no, plimsoll_executed_maybe, plimsoll_executed_yes };

enum PlimsollAction { plimsoll_action_none, plimsoll_action_open, plimsoll_action_close };

/// What happened: core/session/session.h, Event::Kind.
enum PlimsollEvent {
  plimsoll_event_none,
  plimsoll_event_ready,      ///< requests flow, for the first time or again
  plimsoll_event_completed,  ///< request `tag` has its reply
  plimsoll_event_failed,     ///< request `tag` failed: `error`; a server_error has a value as well
  plimsoll_event_pushed,     ///< the server said the value by itself
  plimsoll_event_disconnected,  ///< the connection is lost: `error`; those in doubt fail next, the
                                ///< others wait: plimsoll_action_open will come
  plimsoll_event_closed,        ///< the client is over: `error`; those still waiting fail next
};

/// How a connection ended, or why there is none.
enum PlimsollCloseReason {
  plimsoll_close_not_opened,  ///< no connection was made
  plimsoll_close_ended,       ///< the server ended it
  plimsoll_close_broken,      ///< the transport failed
};

enum PlimsollClientState {
  plimsoll_state_idle,
  plimsoll_state_waiting,
  plimsoll_state_opening,
  plimsoll_state_handshaking,
  plimsoll_state_ready,
  plimsoll_state_closing,
  plimsoll_state_closed,
};

/// RESP3's types (core/resp/node.h).
enum PlimsollType {
  plimsoll_type_null,
  plimsoll_type_boolean,
  plimsoll_type_integer,
  plimsoll_type_real,
  plimsoll_type_big_number,
  plimsoll_type_simple_string,
  plimsoll_type_bulk_string,
  plimsoll_type_verbatim,  ///< begins with its format, such as "txt:"
  plimsoll_type_simple_error,
  plimsoll_type_bulk_error,
  plimsoll_type_array,
  plimsoll_type_set,
  plimsoll_type_map,
  plimsoll_type_push,
  plimsoll_type_piece = 15,  ///< not a value: a part of the string before it
};

/// What the calls below answer with besides a number. Each field holds until the next call that is
/// said to write it. The offsets are those in the module.
struct PlimsollSpan {
  const char* bytes;
  size_t size;
};

struct PlimsollNode {
  int64_t integer;    ///< 0: of an integer; of a boolean 0 or 1
  const char* bytes;  ///< 8: of strings, errors, doubles and big numbers (as text), and pieces.
                      ///< Null where the string lies in several pieces: these are the next nodes
  uint32_t size;      ///< 12: bytes, or elements; of a map pairs, a key and a value each
  uint32_t type;      ///< 16: PlimsollType
};

struct PlimsollClientStatistics {
  double state;             ///< 0: PlimsollClientState
  double in_flight;         ///< 8: requests, and late replies still owed
  double submitted;         ///< 16
  double rejected;          ///< 24
  double completed;         ///< 32
  double failed;            ///< 40
  double pushed;            ///< 48
  double replies_skipped;   ///< 56
  double pushes_skipped;    ///< 64
  double bytes_read;        ///< 72
  double bytes_written;     ///< 80
  double connections;       ///< 88: that became ready
  double connections_lost;  ///< 96: after that
  double connections_dead;  ///< 104: of these, given up for want of a sign of life
  double attempts_failed;   ///< 112: at a connection
  double health_checks;     ///< 120
  double last_problem;      ///< 128: PlimsollError of the last time without a connection; 0: never
};

struct PlimsollPoolStatistics {
  double limit;    ///< 0: bytes, like used and peak
  double used;     ///< 8
  double peak;     ///< 16
  double refused;  ///< 24: charges that were not granted
};

struct PlimsollMemoryStatistics {
  double limit;   ///< 0: bytes, like all but `refused`
  double used;    ///< 8
  double peak;    ///< 16
  double linear;  ///< 24: the module's memory, which never shrinks; 0 natively
  /// 32: cache, requests, replies, pushes, connections, spare
  struct PlimsollPoolStatistics pools[plimsoll_pools_count];
};

struct PlimsollOutbox {
  uint32_t tag;              ///< 0: poll_event
  uint32_t has_value;        ///< 4: poll_event; 1 where poll_node has something
  uint32_t error;            ///< 8: of the call refused last, or of the last event that has one
  uint32_t executed;         ///< 12: PlimsollExecuted, with `error`
  struct PlimsollNode node;  ///< 16: poll_node
  struct PlimsollSpan spans[plimsoll_spans_max];      ///< 40: read_space, poll_transmit
  struct PlimsollClientStatistics client_statistics;  ///< 168: client_statistics
  struct PlimsollMemoryStatistics memory_statistics;  ///< 304: memory_statistics
  uint32_t text_size;                                 ///< 528: describe_error; a failed CHECK
  char text[plimsoll_text_max];                       ///< 532
};

/// What a client can be told at its start: core/session/options.h. The texts are staged, one behind
/// the other in the order of their sizes here.
struct PlimsollOptions {
  double request_timeout;            ///< 0
  double connect_timeout;            ///< 8
  double close_timeout;              ///< 16
  double reconnect_wait_min;         ///< 24
  double reconnect_wait_max;         ///< 32
  double health_check_interval;      ///< 40
  double tombstone_age_max;          ///< 48
  double random_seed;                ///< 56: a whole number below 2^53, another for each client
  uint32_t inflight_requests_limit;  ///< 64: more are rejected, nobody waits here
  uint32_t reply_bytes_max;          ///< 68
  uint32_t reconnect_attempts_max;   ///< 72
  uint32_t database;                 ///< 76
  uint32_t username_size;            ///< 80
  uint32_t password_size;            ///< 84
  uint32_t client_name_size;         ///< 88
};

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

/// Room for `size` bytes that the next submit() or create() takes; 0 where there is none, which is
/// rejected_by_limit. Each call ends what the one before staged.
char* plimsoll_stage(size_t size);

/// Writes outbox.memory_statistics. Answers 0. Draws no line: all is 0 without one.
int32_t plimsoll_memory_statistics(void);

/// Writes the sentence about outbox.error to outbox.text, and answers its size. Valid until the
/// next call that is refused, or poll_event().
int32_t plimsoll_describe_error(void);

// ---- A client

/// Where the options of the next create() go. Each call sets them to their defaults.
struct PlimsollOptions* plimsoll_options(void);

/// A new client, by options() and the texts that are staged, that starts to connect: poll_action()
/// comes next. Answers its id, 1 or more. invalid_option, naming the field; rejected_by_limit:
/// plimsoll_clients_max; out_of_memory: the line has no room for one more.
int32_t plimsoll_create(double now);

/// Forgets a client and all that it holds. Its requests get no events any more: abort() and
/// poll_event() before this, and every one of them has its outcome.
int32_t plimsoll_destroy(int32_t client);

/// Stages a request of `count` words, its name first. They were staged as a table of `count` sizes
/// (32 bits each, little-endian), then the bytes of all, one behind the other. `tag` comes back
/// with its one outcome. `timeout` counts from now; 0: none; below 0: the client's request_timeout.
/// Answers an id for cancel(). rejected_by_limit, refused_command, closed: nothing was kept.
double plimsoll_submit(int32_t client, uint32_t count, uint32_t tag, double timeout, double now);

/// Ends a request early, unless it has ended.
int32_t plimsoll_cancel(int32_t client, double request, double now);

/// Takes no more requests, waits for replies that are owed (close_timeout at most), then closes.
int32_t plimsoll_close(int32_t client, double now);

/// Closes now: every request ends.
int32_t plimsoll_abort(int32_t client);

// ---- What the host has to say. After each of these: poll_action, poll_event, poll_transmit.

/// There is the connection that plimsoll_action_open asked for. Once for each.
int32_t plimsoll_handle_opened(int32_t client, double now);

/// There is none, or no more. `reason`: PlimsollCloseReason. Not after plimsoll_action_close.
int32_t plimsoll_handle_closed(int32_t client, uint32_t reason, double now);

/// Where to put what arrives: answers how many bytes fit outbox.spans[0], until the handle_read()
/// that must follow, or the end of the connection. 0: no memory for it now; leave the bytes with
/// the transport (that is the backpressure), and ask again after the next poll_event(),
/// handle_written() or destroy() of any client, which are what releases some, or handle_timeout()
/// of this one.
int32_t plimsoll_read_space(int32_t client);

/// The first `size` bytes of that room are filled; 0 gives it back as it is.
int32_t plimsoll_handle_read(int32_t client, size_t size, double now);

/// The transport has taken the first `size` bytes of what poll_transmit() gave, and needs none of
/// the others.
int32_t plimsoll_handle_written(int32_t client, size_t size);

int32_t plimsoll_handle_timeout(int32_t client, double now);

// ---- What the client has to say

/// PlimsollAction. The connection that is to be closed has no more to say, but for the
/// handle_written() of what was on its way.
int32_t plimsoll_poll_action(int32_t client);

/// How many of outbox.spans hold bytes to send: 0 mostly. Each answer above 0 wants a
/// handle_written() before the next. The bytes stay where they are until that, or
/// plimsoll_action_close, or handle_closed(): a transport that may still be reading them then needs
/// a copy.
int32_t plimsoll_poll_transmit(int32_t client);

/// PlimsollEvent; writes outbox.tag, .has_value, and .error where there is one. Call it until
/// there is none. What the value's nodes point to lives until the next handle_ or poll_ call about
/// this client, poll_node() aside.
int32_t plimsoll_poll_event(int32_t client);

/// Walks the value of the last event in the order of the wire: writes the next of its nodes to
/// outbox.node and answers 1, or 0 behind the last. An aggregate comes before its elements.
/// Attributes are left out.
int32_t plimsoll_poll_node(int32_t client);

/// When to call handle_timeout() at the latest; infinity: never.
double plimsoll_poll_timeout(int32_t client);

/// Writes outbox.client_statistics. Answers 0.
int32_t plimsoll_client_statistics(int32_t client);

#ifdef __cplusplus
}
#endif

#pragma once

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/session/pipeline.h"

// The errors that a session itself detects, and what it asks of those that a server reports. For
// use inside the session only.

namespace plimsoll::inline v0 {

/// Whether a node of a cluster says that it does not serve a slot now: MOVED, ASK, CLUSTERDOWN,
/// TRYAGAIN.
constexpr bool is_about_slots(ErrorCode code) {
  return code == ErrorCode::cluster_redirect || code == ErrorCode::cluster_down;
}

inline constexpr Error client_closed{.code = ErrorCode::closed, .what = "the client was closed"};

inline constexpr Error no_connection{.code = ErrorCode::connect_failed,
                                     .what = "no connection within connect_timeout"};

// Its first byte begins no reply.
inline constexpr Error no_resp{
    .code = ErrorCode::protocol_error,
    .what = "what listens at this address does not speak RESP",
    .expected = "a server such as Valkey; for a bridge ws:// or wss://, for TLS valkeys://"};

inline constexpr Error no_handshake{
    .code = ErrorCode::connect_failed,
    .what = "the server did not answer the handshake within connect_timeout"};

inline constexpr Error answered_too_early{
    .code = ErrorCode::protocol_error,
    .what = "the server answered the handshake before it was sent"};

inline constexpr Error unsaid_refusal{
    .code = ErrorCode::server_error,
    .executed = Executed::yes,
    .what = "the server refused the credentials, and did not say so"};

inline constexpr Error unseen_confirmation{
    .code = ErrorCode::connection_lost,
    .what = "no memory for a push that may have confirmed a subscription"};

inline constexpr Error stalled_in_reply{
    .code = ErrorCode::connection_lost,
    .what =
        "memory was missing: others waited for memory to read to, and the server sent nothing "
        "more in the middle of a reply, whose buffer was taken back"};

inline constexpr Error unread_handshake{
    .code = ErrorCode::connect_failed,
    .what = "memory was missing to read the server's answer to the handshake"};

// The server has renamed EXEC. It would queue all commands that follow, so the connection is
// dropped.
inline constexpr Error left_in_transaction{
    .code = ErrorCode::connection_lost,
    .what = "the server took MULTI and does not know EXEC: the connection is of no more use"};

// The server refused MULTI itself, and then answered EXEC with EXECABORT or "ERR EXEC without
// MULTI".
inline constexpr Error multi_refused{
    .code = ErrorCode::server_error,
    .executed = Executed::maybe,
    .what = "the server refused MULTI: the commands may have run one by one"};

inline constexpr Error no_confirmation{
    .code = ErrorCode::server_error,
    .executed = Executed::maybe,
    .what = "the server answered with a reply where a confirmation was due"};

inline constexpr Error became_replica{.code = ErrorCode::connection_lost,
                                      .what = "the server has become a replica"};

inline constexpr Error refused_half_way{
    .code = ErrorCode::connection_lost,
    .what = "the server refused a request before it had all of it, and reads no further"};

inline constexpr Error never_sent_whole{
    .code = ErrorCode::connection_lost,
    .what = "three connections were lost while this request was being sent",
    .expected =
        "a request that the server takes: see its client-query-buffer-limit and "
        "proto-max-bulk-len"};
static_assert(half_given_losses_max == 3);

inline constexpr Error no_sign_of_life{
    .code = ErrorCode::connection_dead,
    .what = "the server owes a reply for longer than tombstone_age_max"};

}  // namespace plimsoll::inline v0

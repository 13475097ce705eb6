#pragma once

#include <string_view>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/resp/bytes_view.h"
#include "plimsoll/core/session/handshake_verdict.h"

// How servers refuse a handshake, and what each refusal means. For use inside the session only.

namespace plimsoll::inline v0 {

inline bool starts_with(const BytesView& text, std::string_view prefix) {
  // Refusals are lines or short strings, so a text that is cut into pieces is none of them.
  return text.contiguous() && text.view().starts_with(prefix);
}

// How a server's refusal begins (the texts are valkey-server's own), and how the session reacts.
struct Refusal {
  std::string_view prefix;
  HandshakeVerdict verdict;
  Error error;
};

inline constexpr Refusal refusals[] = {
    {"LOADING",
     HandshakeVerdict::retry,
     {.code = ErrorCode::server_loading,
      .what = "the server is loading its data",
      .expected = "the end of loading: try again later"}},
    {"MASTERDOWN",
     HandshakeVerdict::retry,
     {.code = ErrorCode::primary_down,
      .what = "the server is a replica that has lost its primary",
      .expected = "a primary, or replica-serve-stale-data on the replica"}},
    {"BUSY",
     HandshakeVerdict::retry,
     {.code = ErrorCode::server_busy,
      .what = "a script keeps the server busy",
      .expected = "it to end: SCRIPT KILL or FUNCTION KILL ends it"}},
    {"ERR max number of clients",
     HandshakeVerdict::retry,
     {.code = ErrorCode::too_many_clients,
      .what = "the server has as many clients as its maxclients allows",
      .expected = "fewer clients, or a higher maxclients"}},
    {"DENIED",
     HandshakeVerdict::retry,
     {.code = ErrorCode::protected_mode,
      .what = "the server is in protected mode and takes clients from its own machine only",
      .expected = "a password set on the server, or protected-mode no"}},
    {"WRONGPASS",
     HandshakeVerdict::refused,
     {.code = ErrorCode::authentication_failed,
      .what = "the server does not take this username and password",
      .expected = "a user that is on in ACL LIST, with its password"}},
    {"NOAUTH",
     HandshakeVerdict::refused,
     {.code = ErrorCode::authentication_failed,
      .what = "the server wants a password",
      .expected = "password in the options or the address, and username if it is not default"}},
    {"ERR AUTH",
     HandshakeVerdict::refused,
     {.code = ErrorCode::authentication_failed,
      .what = "the server has no password for its default user",
      .expected = "no password in the options, or a username"}},
    {"ERR invalid password",
     HandshakeVerdict::refused,
     {.code = ErrorCode::authentication_failed,
      .what = "the server does not take this password",
      .expected = "its requirepass"}},
    {"NOPERM",
     HandshakeVerdict::refused,
     {.code = ErrorCode::permission_denied,
      .what = "the user may not do what the options want of the connection",
      .expected = "ACL rules that allow SELECT, CLIENT NO-EVICT and CLIENT NO-TOUCH, as far as the "
                  "options have database, no_evict and no_touch"}},
    {"NOPROTO",
     HandshakeVerdict::refused,
     {.code = ErrorCode::unsupported_protocol,
      .what = "the server does not speak RESP3",
      .expected = "Valkey, or Redis 6 or newer; or RESP2 as protocol in the options"}},
    {"ERR unknown command",
     HandshakeVerdict::refused,
     {.code = ErrorCode::unsupported_protocol,
      .what = "the server does not know HELLO, or has renamed it",
      .expected = "Valkey, or Redis 6 or newer, with HELLO; or RESP2 as protocol in the options"}},
};

inline constexpr Error database_refused{.code = ErrorCode::unknown_database,
                                        .what = "the server does not have this database",
                                        .expected =
                                            "a number below `databases` on the server, 0 in a "
                                            "cluster"};

inline constexpr Error no_evict_refused{
    .code = ErrorCode::server_error,
    .what = "the server does not take CLIENT NO-EVICT",
    .expected = "Valkey, or Redis 7.0 or newer; or no_evict off"};

inline constexpr Error no_touch_refused{
    .code = ErrorCode::server_error,
    .what = "the server does not take CLIENT NO-TOUCH",
    .expected = "Valkey, or Redis 7.2 or newer; or no_touch off"};

inline constexpr Error tracking_without_resp3{.code = ErrorCode::tracking_refused,
                                              .what = "the connection uses RESP2",
                                              .expected = "RESP3 as `protocol` in the options"};

inline constexpr Error tracking_unknown{.code = ErrorCode::tracking_refused,
                                        .what = "the server does not know CLIENT TRACKING",
                                        .expected = "Valkey, or Redis 6 or newer"};

inline constexpr Error tracking_forbidden{.code = ErrorCode::permission_denied,
                                          .what = "the user may not use CLIENT TRACKING",
                                          .expected = "ACL rules that allow it: +client|tracking"};

inline constexpr Error tracking_refused{.code = ErrorCode::tracking_refused,
                                        .what = "the server refused CLIENT TRACKING"};

inline constexpr Error not_a_primary{.code = ErrorCode::read_only_replica,
                                     .what = "the server is a replica",
                                     .expected = "the address of its primary"};

inline constexpr Error is_a_sentinel{
    .code = ErrorCode::invalid_option,
    .what = "a sentinel listens at this address",
    .expected = "a server; or valkey+sentinel:// with the primary's name behind the addresses"};

inline constexpr Error is_no_sentinel{
    .code = ErrorCode::invalid_option,
    .what = "no sentinel listens at this address, but a server",
    .expected = "the address of a sentinel, usually port 26379; or valkey:// for a server"};

inline constexpr Error is_node_now{
    .code = ErrorCode::connect_failed,
    .what = "a node of a cluster listens at this address, where a single server did before",
    .expected = "that server; or a new client, which finds the cluster"};

inline constexpr Error is_no_node_now{
    .code = ErrorCode::connect_failed,
    .what = "a single server listens at the address of a node of the cluster",
    .expected = "the node"};

inline constexpr Error unknown_reply{.code = ErrorCode::protocol_error,
                                     .what = "reply to the handshake is of another kind",
                                     .expected = "a map with proto 3 for HELLO 3, OK for all else"};

inline constexpr Error unknown_refusal{.code = ErrorCode::server_error,
                                       .what = "the server refused the handshake"};

inline const Refusal* find_refusal(const BytesView& text) {
  for (const Refusal& refusal : refusals) {
    if (starts_with(text, refusal.prefix)) return &refusal;
  }
  return nullptr;
}

}  // namespace plimsoll::inline v0

#include "plimsoll/native/transport/websocket_problem.h"

#include <string>

namespace plimsoll::inline v0::native {
namespace {

using websocket::AnswerReader;

// The meaning of an HTTP status, or of a close code.
struct Meaning {
  unsigned number;
  plimsoll::Error error;
};

constexpr Meaning statuses[] = {
    {400,
     {.code = ErrorCode::unsupported_protocol,
      .what = "the bridge does not take the request for a WebSocket",
      .expected = "a bridge that speaks plimsoll.resp.v1 or resp"}},
    {401,
     {.code = ErrorCode::authentication_failed,
      .what = "the bridge does not take this token",
      .expected = "one that it knows and that is valid now"}},
    {403,
     {.code = ErrorCode::permission_denied,
      .what = "the bridge does not let this token reach this upstream",
      .expected = "a token whose profile is for the upstream in the address"}},
    {404,
     {.code = ErrorCode::invalid_option,
      .what = "the bridge has no upstream of this name",
      .expected = "the name of one in the path of the address"}},
    {408,
     {.code = ErrorCode::connect_failed,
      .what = "the bridge got the request for a WebSocket too late"}},
    {421,
     {.code = ErrorCode::invalid_option,
      .what = "the bridge does not go by the host in the address",
      .expected = "localhost, an address of its own machine, or a host of its configuration"}},
    {429,
     {.code = ErrorCode::too_many_clients,
      .what = "the bridge has enough connections, or attempts, of this address or token",
      .expected = "fewer of them, or higher limits in its configuration"}},
    {502,
     {.code = ErrorCode::connect_failed,
      .what = "the bridge could not reach the server, or not log in there",
      .expected = "a server that runs, and takes the credentials of the token's profile"}},
    {503,
     {.code = ErrorCode::connect_failed,
      .what = "the bridge takes no connections now: it is full, or shutting down",
      .expected = "it to have room, or another one: try again later"}},
};

constexpr plimsoll::Error no_token{.code = ErrorCode::authentication_failed,
                                   .what = "the bridge wants a token",
                                   .expected = "Options::token, or Options::credentials"};

constexpr plimsoll::Error elsewhere{.code = ErrorCode::invalid_option,
                                    .what = "what answers sends the client elsewhere",
                                    .expected =
                                        "the address of a bridge: redirects are not "
                                        "followed"};

constexpr plimsoll::Error no_bridge{
    .code = ErrorCode::unsupported_protocol,
    .what = "what answers is no bridge",
    .expected = "the address of plimsoll-bridge; valkey:// in it for a server"};

constexpr plimsoll::Error refused{.code = ErrorCode::connect_failed,
                                  .what = "the bridge refused the connection"};

constexpr Meaning closes[] = {
    {1000, {.code = ErrorCode::connection_lost, .what = "the bridge ended the connection"}},
    {1001, {.code = ErrorCode::connection_lost, .what = "the bridge is shutting down"}},
    {1008,
     {.code = ErrorCode::connection_lost, .what = "the bridge ended the connection by its rules"}},
    {1009,
     {.code = ErrorCode::connection_lost,
      .what = "the bridge takes no request of that size",
      .expected = "smaller ones, or a higher request_bytes_max in its configuration"}},
    {1011, {.code = ErrorCode::connection_lost, .what = "the bridge lost the server"}},
    {1013, {.code = ErrorCode::connection_lost, .what = "the bridge has no memory left"}},
};

constexpr plimsoll::Error closed{.code = ErrorCode::connection_lost,
                                 .what = "the bridge closed the connection"};

template <std::size_t count>
plimsoll::Error meaning_of(unsigned number, const Meaning (&meanings)[count],
                           const plimsoll::Error& otherwise) {
  for (const Meaning& meaning : meanings) {
    if (meaning.number == number) return meaning.error;
  }
  return otherwise;
}

plimsoll::Error meaning_of(unsigned status, Token token) {
  if (status == 401 && token == Token::none) return no_token;
  if (status / 100 == 3) return elsewhere;
  return meaning_of(status, statuses, status / 100 == 2 ? no_bridge : refused);
}

}  // namespace

TransportProblem problem_of_answer(const AnswerReader& answer, Token token) {
  switch (answer.state()) {
    case AnswerReader::State::reading:
    case AnswerReader::State::accepted: break;
    case AnswerReader::State::refused: {
      std::string words = "it answered with status " + std::to_string(answer.status());
      if (!answer.retry_after().empty()) {
        words += ", to try again after " + printable(answer.retry_after());
      }
      return {.error = meaning_of(answer.status(), token), .words = std::move(words)};
    }
    case AnswerReader::State::not_http: return {.error = no_bridge, .words = "it speaks no HTTP"};
    case AnswerReader::State::too_long:
      return {.error = no_bridge, .words = "the header of its answer has no end"};
    case AnswerReader::State::not_as_asked: return {.error = no_bridge, .words = answer.wrong()};
  }
  return {.error = refused, .words = "it has not answered"};
}

TransportProblem problem_of_close(const websocket::MessageReader::Close& close) {
  std::string words = "close " + std::to_string(close.code);
  if (!close.reason.empty()) words += ": " + printable(close.reason);
  return {.error = meaning_of(close.code, closes, closed), .words = std::move(words)};
}

TransportProblem broken_protocol(const char* what) {
  return {.error = {.code = ErrorCode::connection_lost,
                    .what = "the bridge broke the WebSocket protocol"},
          .words = std::string("there came ") + what};
}

TransportProblem granted_less() {
  return {.error = {.code = ErrorCode::connection_lost,
                    .what = "the bridge sent more than it was granted"},
          .words = "close 4008"};
}

TransportProblem no_randomness() {
  return {.error = {.code = ErrorCode::connect_failed,
                    .what = "there are no random numbers, without which there is no WebSocket"},
          .words = "OpenSSL has none"};
}

TransportProblem silent_bridge() {
  return {.error = {.code = ErrorCode::connect_failed,
                    .what = "the bridge does not answer the request for a WebSocket",
                    .expected = "a bridge there, and a server that it reaches"},
          .words = "connect_timeout is nearly over"};
}

plimsoll::Error early_end_of_bridge() {
  return {.code = ErrorCode::connect_failed,
          .what = "the connection ended before the bridge had answered",
          .expected = "a bridge there: ws://, or wss:// where it speaks TLS"};
}

}  // namespace plimsoll::inline v0::native

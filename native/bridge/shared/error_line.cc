#include "plimsoll/native/bridge/shared/error_line.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/bridge/replies/refusal_words.h"

namespace plimsoll::bridge {
namespace {

// Whose words an error with this code has.
enum class Said : std::uint8_t {
  by_server,   // the server has answered, if there are words
  by_refusal,  // the client, or a bridge in front of the server, refuses the command
  by_check,    // the client takes an argument for wrong
  by_outcome   // what became of the request
};

Said said_with(ErrorCode code) {
  switch (code) {
    case ErrorCode::server_error:
    case ErrorCode::cluster_down:
    case ErrorCode::transaction_aborted:
    case ErrorCode::server_loading:
    case ErrorCode::primary_down:
    case ErrorCode::server_busy:
    case ErrorCode::authentication_failed:
    case ErrorCode::permission_denied:
    case ErrorCode::unknown_command:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::read_only_replica:
    case ErrorCode::persistence_failed:
    case ErrorCode::server_out_of_memory: return Said::by_server;
    case ErrorCode::refused_command:
    case ErrorCode::refused_by_bridge: return Said::by_refusal;
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_option: return Said::by_check;
    // The words of a redirection have a node's address, where the client cannot go.
    case ErrorCode::cluster_redirect:
    case ErrorCode::lost_unsent:
    case ErrorCode::lost_in_doubt:
    case ErrorCode::timed_out:
    case ErrorCode::cancelled:
    case ErrorCode::rejected_by_limit:
    case ErrorCode::reply_too_large:
    case ErrorCode::out_of_memory:
    case ErrorCode::protocol_error:
    case ErrorCode::wrong_type:
    case ErrorCode::connect_failed:
    case ErrorCode::connection_lost:
    case ErrorCode::connection_dead:
    case ErrorCode::too_many_clients:
    case ErrorCode::protected_mode:
    case ErrorCode::tls_failed:
    case ErrorCode::credentials_failed:
    case ErrorCode::certificate_invalid:
    case ErrorCode::unsupported_protocol:
    case ErrorCode::unknown_database:
    case ErrorCode::tracking_refused:
    case ErrorCode::closed:
    case ErrorCode::forked: return Said::by_outcome;
  }
  return Said::by_outcome;
}

std::string_view outcome_in_words(ErrorCode code, Executed executed) {
  const bool has_not_run = executed == Executed::no;
  switch (code) {
    case ErrorCode::timed_out:
      return has_not_run ? "the request waited too long to be sent"
                         : "the server did not answer in time";
    case ErrorCode::cancelled: return "the request was given up";
    case ErrorCode::cluster_redirect: return "its slot is moving to another node";
    case ErrorCode::rejected_by_limit: return "too many requests wait for the server";
    case ErrorCode::reply_too_large:
      return "the reply is too large for the bridge, or there is no memory for it now";
    case ErrorCode::out_of_memory: return "the bridge has no memory left";
    case ErrorCode::protocol_error: return "the server answered with something that is no RESP";
    case ErrorCode::closed: return "the bridge has given this server up";
    default:
      return has_not_run ? "there is no connection to the server"
                         : "the connection to the server was lost before its reply";
  }
}

// The word and the mark, and `text` in one line.
std::string line_of(std::string_view word, std::string_view text, std::size_t bytes_max) {
  std::string line = "-";
  if (!word.empty()) line.append(word).append(1, ' ').append(refusal_mark);
  return line.append(in_one_line(text, bytes_max)).append("\r\n");
}

// The sentence without those of its ends that name calls or options of the library: who speaks with
// a bridge has none of these.
std::string_view without_library(std::string_view text) {
  for (;;) {
    const std::size_t at = text.rfind("; ");
    if (at == std::string_view::npos) return text;
    const std::string_view end = text.substr(at);
    const bool names_library =
        end.find("()") != std::string_view::npos || end.find('`') != std::string_view::npos;
    if (!names_library) return text;
    text = text.substr(0, at);
  }
}

std::string own_line(std::string_view word, std::string_view text) {
  return line_of(word, text, error_text_bytes_max);
}

// A reply that was skipped may have been an error: then nobody knows whether the request has run.
std::string line_of_outcome(const native::Error& error) {
  const std::string_view text = outcome_in_words(error.code(), error.executed());
  switch (error.executed()) {
    case Executed::no: return own_line("UNSENT", text);
    case Executed::maybe: return own_line("INDOUBT", text);
    case Executed::yes: break;
  }
  const bool had_no_room =
      error.code() == ErrorCode::reply_too_large || error.code() == ErrorCode::out_of_memory;
  return own_line(had_no_room ? "TOOLARGE" : "INDOUBT", text);
}

}  // namespace

std::string in_one_line(std::string_view text, std::size_t bytes_max) {
  std::string line(text.substr(0, bytes_max));
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line;
}

std::string error_line(const native::Error& error) {
  const std::string_view words = error.server_text();
  switch (said_with(error.code())) {
    case Said::by_server: {
      // A server's error may be empty. Without words there is an error that the client found.
      const bool is_empty = error.code() == ErrorCode::server_error;
      if (words.empty() && !(is_empty && error.executed() == Executed::yes)) break;
      return line_of({}, words, server_words_bytes_max);
    }
    case Said::by_refusal:
      return own_line("NOPERM", words.empty() ? without_library(error.text()) : words);
    case Said::by_check: return own_line("ERR", without_library(error.text()));
    case Said::by_outcome: break;
  }
  return line_of_outcome(error);
}

std::string exec_error_line(const native::Error& error) {
  constexpr std::string_view aborted = "EXECABORT";
  const std::string_view words = error.server_text();
  if (said_with(error.code()) != Said::by_server || error.executed() != Executed::no ||
      words.empty() || words.starts_with(aborted)) {
    return error_line(error);
  }
  std::string text(aborted);
  text.append(" Transaction discarded because of: ").append(words);
  return line_of({}, text, server_words_bytes_max);
}

}  // namespace plimsoll::bridge

#include "plimsoll/native/bridge/shared/local_answers.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/bridge/replies/refusal_words.h"
#include "plimsoll/native/bridge/shared/error_line.h"
#include "plimsoll/native/bridge/shared/holder_names.h"

namespace plimsoll::bridge {
namespace {

void append_header(std::string& out, char mark, std::uint64_t number) {
  std::array<char, encoding::header_bytes_max> header;
  char* const end = encoding::write_header(header.data(), mark, number);
  out.append(header.data(), end);
}

void append_bulk(std::string& out, std::string_view text) {
  append_header(out, '$', text.size());
  out.append(text).append("\r\n");
}

void append_integer(std::string& out, std::uint64_t number) { append_header(out, ':', number); }

}  // namespace

std::string hello_reply(const ServerIdentity& server, bool is_resp3, std::uint64_t connection,
                        bool tracks_by_cache) {
  const std::size_t entries = tracks_by_cache ? 9 : 7;
  std::string out;
  append_header(out, is_resp3 ? '%' : '*', is_resp3 ? entries : 2 * entries);
  append_bulk(out, "server");
  append_bulk(out, server.name);
  append_bulk(out, "version");
  append_bulk(out, server.version);
  append_bulk(out, "proto");
  append_integer(out, is_resp3 ? 3 : 2);
  append_bulk(out, "id");
  append_integer(out, connection);
  append_bulk(out, "mode");
  append_bulk(out, "standalone");
  append_bulk(out, "role");
  append_bulk(out, "master");
  if (tracks_by_cache) {
    append_bulk(out, "tracking-proof");
    append_bulk(out, "ping");
    append_bulk(out, "tracking-resume");
    append_integer(out, HolderNames::away_max.count());
  }
  append_bulk(out, "modules");
  append_header(out, '*', 0);
  return out;
}

std::string lower_name(const commands::Row& row) {
  std::string name(row.name_view());
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

bool has_right_arity(const commands::Row& row, std::size_t words) {
  const auto wanted = static_cast<std::size_t>(std::abs(row.arity));
  return row.arity < 0 ? words >= wanted : words == wanted;
}

std::string wrong_arity(const commands::Row& row) {
  return "-ERR wrong number of arguments for '" + lower_name(row) + "' command\r\n";
}

std::string bulk(std::string_view text) {
  std::string out;
  append_bulk(out, text);
  return out;
}

std::string null(bool is_resp3) { return is_resp3 ? "_\r\n" : "$-1\r\n"; }

std::string_view null_array(bool is_resp3) { return is_resp3 ? "_\r\n" : "*-1\r\n"; }

std::string confirmation(std::string_view word, std::optional<std::string_view> channel,
                         std::size_t count, bool is_resp3) {
  std::string out;
  append_header(out, is_resp3 ? '>' : '*', 3);
  append_bulk(out, word);
  if (channel) {
    append_bulk(out, *channel);
  } else {
    out.append(null(is_resp3));
  }
  append_integer(out, count);
  return out;
}

std::string subscribed_pong(std::string_view text) {
  std::string out;
  append_header(out, '*', 2);
  append_bulk(out, "pong");
  append_bulk(out, text);
  return out;
}

std::string unknown_command(std::string_view name) {
  return "-ERR unknown command '" + in_one_line(name, unknown_name_bytes_max) +
         "', with args beginning with: \r\n";
}

std::string not_possible(std::string_view command) {
  return not_possible(command, "connections to the server are shared");
}

std::string not_possible(std::string_view command, std::string_view why) {
  return std::string("-NOPERM ")
      .append(refusal_mark)
      .append(command)
      .append(" is not possible here: ")
      .append(why)
      .append("\r\n");
}

}  // namespace plimsoll::bridge

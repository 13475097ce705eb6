#include "plimsoll/native/config/field_text.h"
#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {
namespace {

template <Kind kind, auto Field>
constexpr OptionRow row(std::string_view key, std::string_view description,
                        std::string_view when_unset = {}) {
  return {.key = key,
          .access = at<kind, &Configuration::client, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = when_unset};
}

template <auto Field>
constexpr OptionRow secret(std::string_view key, std::string_view description) {
  OptionRow made = row<Kind::text, Field>(key, description, "none");
  made.secret = true;
  return made;
}

template <auto Field>
constexpr OptionRow secret_file(std::string_view key, std::string_view description) {
  return {.key = key,
          .access = at<Kind::path, &Configuration::secret_files, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = "none"};
}

constexpr OptionRow rows[] = {
    {.key = "client.url",
     .access = at<Kind::address, &Configuration::url>(),
     .taken = Taken::by_new_clients,
     .description =
         "Where the server is: valkey://, valkeys://, unix://, or ws:// and wss:// for a "
         "bridge. What it says wins over the keys below.",
     .when_unset = "as the program says"},
    row<Kind::text, &Options::username>("client.username", "Who to be, with a password.",
                                        "the default user"),
    secret<&Options::password>("client.password", "The user's password."),
    secret_file<&SecretFiles::password_file>("client.password_file",
                                             "A file with the password in it, in its place."),
    secret<&Options::token>("client.token",
                            "What a bridge is shown, in place of a username and a "
                            "password."),
    secret_file<&SecretFiles::token_file>("client.token_file",
                                          "A file with the token in it, in its place."),
    row<Kind::time, &Options::credentials_refresh_before>(
        "client.credentials_refresh_before",
        "How long before their end the program is asked for other credentials, if it gives any."),
    row<Kind::text, &Options::client_name>("client.client_name", "What CLIENT LIST shows.", "none"),
    row<Kind::choice, &Options::protocol>(
        "client.protocol",
        "RESP2 is for servers, and proxies in front of them, that do not know "
        "HELLO."),
    row<Kind::count, &Options::database>("client.database", "Which database to use."),
    row<Kind::flag, &Options::no_evict>(
        "client.no_evict",
        "CLIENT NO-EVICT: the server does not close these connections when it is short of memory."),
    row<Kind::flag, &Options::no_touch>(
        "client.no_touch", "CLIENT NO-TOUCH: reads do not count as use of the keys (LRU, LFU)."),
    row<Kind::time, &Options::request_timeout>(
        "client.request_timeout",
        "How long a request may take, waiting for a connection included; zero: for ever."),
    row<Kind::time, &Options::connect_timeout>(
        "client.connect_timeout", "How long connecting may take, and each attempt to reconnect."),
    row<Kind::time, &Options::close_timeout>("client.close_timeout",
                                             "How long close() waits for replies that are owed."),
    row<Kind::count, &Options::inflight_requests_limit>(
        "client.inflight_requests_limit", "Requests that are sent or waiting to be, at a time."),
    row<Kind::choice, &Options::inflight_overflow>(
        "client.inflight_overflow", "What becomes of a request for which there is no place."),
    row<Kind::count, &Options::waiters_max>(
        "client.waiters_max", "How many may wait then, with inflight_overflow = \"wait\"."),
    row<Kind::amount, &Options::reply_bytes_max>(
        "client.reply_bytes_max", "Replies of more bytes are skipped as they stream past."),
    row<Kind::count, &Options::read_resends_max>(
        "client.read_resends_max",
        "How often a read whose connection was lost is sent again; 31 at most."),
    row<Kind::count, &Options::blocking_connections_max>(
        "client.blocking_connections_max",
        "Connections beside the main one, for commands that wait and for exclusive use. More such "
        "commands are rejected, or wait, as inflight_overflow says."),
    row<Kind::count, &Options::subscriptions_max>(
        "client.subscriptions_max",
        "Connections beside the main one, for subscriptions; 63 with those above at most."),
    row<Kind::count, &Options::subscription_messages_max>(
        "client.subscription_messages_max",
        "Messages that wait to be taken from one subscription."),
    row<Kind::choice, &Options::subscription_overflow>("client.subscription_overflow",
                                                       "What becomes of more."),
    row<Kind::time, &Options::reconnect_wait_min>(
        "client.reconnect_wait_min",
        "The first bound on the random wait before a lost connection is tried for again; doubled "
        "by each attempt that fails."),
    row<Kind::time, &Options::reconnect_wait_max>("client.reconnect_wait_max", "The last bound."),
    row<Kind::attempts, &Options::reconnect_attempts_max>(
        "client.reconnect_attempts_max",
        "How many attempts may fail in a row before the client is closed."),
    row<Kind::time, &Options::health_check_interval>(
        "client.health_check_interval",
        "A connection that says nothing for that long is sent a PING; zero: never."),
    row<Kind::time, &Options::tombstone_age_max>(
        "client.tombstone_age_max",
        "A connection is replaced when it owes a reply for that long that nobody waits for."),
    row<Kind::time, &Options::tcp_user_timeout>(
        "client.tcp_user_timeout",
        "A connection is lost when what was sent is not acknowledged for that long; zero: the "
        "system's choice."),
};

}  // namespace

std::span<const OptionRow> client_rows() { return rows; }

}  // namespace plimsoll::native::config

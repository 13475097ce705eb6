#include "plimsoll/core/resp/error_reply.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace plimsoll::inline v0 {
namespace {

struct Refusal {
  std::string_view prefix;
  ErrorCode code;
  const char* what;
  const char* expected = nullptr;
};

// What a bridge answers itself: one of these words, the mark, and the bridge's reason
// (docs/bridge-protocol.md, "What gets through").
struct BridgeAnswer {
  std::string_view word;
  ErrorCode code;
  Executed executed;
  const char* what;
  const char* expected = nullptr;
};

constexpr std::string_view bridge_mark = " plimsoll-bridge: ";

constexpr BridgeAnswer bridge_answers[] = {
    {"NOPERM", ErrorCode::refused_by_bridge, Executed::no, "the bridge refused the command",
     "what the token's profile and the upstream in the bridge's configuration allow"},
    {"INDOUBT", ErrorCode::lost_in_doubt, Executed::maybe,
     "the bridge sent the command, and does not know whether the server has run it"},
    {"UNSENT", ErrorCode::lost_unsent, Executed::no,
     "the bridge could not send the command to the server"},
    {"TOOLARGE", ErrorCode::reply_too_large, Executed::yes,
     "the reply did not fit, and the bridge skipped it"},
    {"ERR", ErrorCode::server_error, Executed::no, "the bridge takes the command for wrong"},
};

// The texts with which servers say that they did not run a command (valkey-server 8.0,
// processCommand() and getNodeByQuery()). The first prefix that fits counts.
constexpr Refusal refusals[] = {
    {"ERR unknown command", ErrorCode::unknown_command, "the server does not know the command"},
    {"ERR unknown subcommand", ErrorCode::unknown_command,
     "the server does not know the subcommand"},
    {"ERR Unknown subcommand", ErrorCode::unknown_command,
     "the server does not know the subcommand"},
    {"ERR wrong number of arguments", ErrorCode::server_error,
     "the server wants another number of arguments"},
    // The parser's, which then closes the connection.
    {"ERR Protocol error", ErrorCode::server_error, "the server cannot read the request",
     "arguments within the server's proto-max-bulk-len"},
    {"ERR Can't execute '", ErrorCode::server_error,
     "the server takes no such command from a subscriber in RESP2"},
    {"NOPERM ", ErrorCode::permission_denied, "the user may not do this",
     "ACL rules that allow the command, its keys and its channels"},
    {"NOAUTH ", ErrorCode::authentication_failed, "the server wants a password",
     "password in the options or the address, and username if it is not default"},
    {"NOREPLICAS ", ErrorCode::not_enough_replicas,
     "fewer replicas are in touch than min-replicas-to-write wants",
     "replicas that are connected and not too far behind"},
    {"READONLY ", ErrorCode::read_only_replica, "the server is a replica, which takes no writes",
     "its primary"},
    {"MISCONF ", ErrorCode::persistence_failed,
     "the server takes no writes since it failed to save",
     "room on its disk, or stop-writes-on-bgsave-error no"},
    {"OOM ", ErrorCode::server_out_of_memory, "the server's maxmemory is reached",
     "a higher maxmemory, less data, or a maxmemory-policy that evicts"},
    {"LOADING ", ErrorCode::server_loading, "the server is loading its data",
     "the end of loading: try again later"},
    {"MASTERDOWN ", ErrorCode::primary_down, "the server is a replica that has lost its primary",
     "a primary, or replica-serve-stale-data on the replica"},
    {"BUSY ", ErrorCode::server_busy, "a script or function holds the server up",
     "it to end: SCRIPT KILL or FUNCTION KILL ends it"},
    {"MOVED ", ErrorCode::cluster_redirect,
     "the server is a node of a cluster, and another node has the key",
     "a client of the cluster: with cluster as topology, or an address that begins with "
     "valkey+cluster://; and there no at(), which goes to the node that it names"},
    {"ASK ", ErrorCode::cluster_redirect,
     "the server is a node of a cluster, and another node has the key",
     "a client of the cluster: with cluster as topology, or an address that begins with "
     "valkey+cluster://; and there no at(), which goes to the node that it names"},
    {"CLUSTERDOWN ", ErrorCode::cluster_down, "the cluster does not serve this key now",
     "an owner of the key's slot: try again later"},
    {"TRYAGAIN ", ErrorCode::cluster_down, "the keys are on their way to another node",
     "the end of their move: try again later"},
    {"CROSSSLOT ", ErrorCode::server_error, "the keys belong to more than one slot"},
    {"NOSCRIPT ", ErrorCode::server_error, "the server does not know the script"},
    {"UNBLOCKED ", ErrorCode::server_error, "the server ended the wait, and took nothing"},
    {"EXECABORT ", ErrorCode::transaction_aborted,
     "the server did not take every command of the transaction, and ran none"},
};

constexpr std::size_t prefix_bytes_max =
    std::max_element(std::begin(refusals), std::end(refusals), [](const auto& a, const auto& b) {
      return a.prefix.size() < b.prefix.size();
    })->prefix.size();
static_assert(std::all_of(std::begin(bridge_answers), std::end(bridge_answers),
                          [](const BridgeAnswer& answer) {
                            return answer.word.size() + bridge_mark.size() <= prefix_bytes_max;
                          }));

// The bridge's answer with which the text begins; null if it is not the bridge's.
const BridgeAnswer* bridge_answer_in(std::string_view text) {
  const std::size_t word_bytes = text.find(' ');
  if (word_bytes == text.npos || !text.substr(word_bytes).starts_with(bridge_mark)) return nullptr;
  for (const BridgeAnswer& answer : bridge_answers) {
    if (answer.word == text.substr(0, word_bytes)) return &answer;
  }
  return nullptr;
}

Executed executed_after(ErrorCode refusal, Speaker speaker) {
  switch (speaker) {
    case Speaker::server: return Executed::no;
    case Speaker::module:
      return refusal == ErrorCode::unknown_command ? Executed::no : Executed::maybe;
    case Speaker::script: return Executed::maybe;
  }
  return Executed::maybe;
}

}  // namespace

Error error_of_reply(std::string_view text, Speaker speaker) {
  // Scripts and modules have no reason to use the bridge's words, so the bridge knows what it says.
  if (const BridgeAnswer* const answer = bridge_answer_in(text)) {
    return {.code = answer->code,
            .executed = answer->executed,
            .what = answer->what,
            .expected = answer->expected};
  }
  for (const Refusal& refusal : refusals) {
    if (!text.starts_with(refusal.prefix)) continue;
    return {.code = refusal.code,
            .executed = executed_after(refusal.code, speaker),
            .what = refusal.what,
            .expected = refusal.expected};
  }
  return {.code = ErrorCode::server_error,
          .executed = Executed::yes,
          .what = "the server answered with an error"};
}

Error error_of_reply(const BytesView& text, Speaker speaker) {
  std::array<char, prefix_bytes_max> begin;
  std::size_t size = 0;
  text.for_each_piece([&](std::string_view piece) {
    const std::size_t taken = std::min(piece.size(), begin.size() - size);
    std::copy_n(piece.data(), taken, begin.data() + size);
    size += taken;
  });
  return error_of_reply(std::string_view(begin.data(), size), speaker);
}

std::string_view words_of_bridge(std::string_view text) {
  const BridgeAnswer* const answer = bridge_answer_in(text);
  if (answer == nullptr || answer->code == ErrorCode::server_error) return text;
  return text.substr(answer->word.size() + bridge_mark.size());
}

}  // namespace plimsoll::inline v0

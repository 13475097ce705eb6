#include "plimsoll/wasm/served.h"

#include <cstring>
#include <utility>

#include "plimsoll/core/commands/command_table.h"

namespace plimsoll::wasm {
namespace {

constexpr std::size_t line_end_bytes = 2;

// Returns the string, if the reply is a bulk string in one piece; else a view without data.
std::string_view string_of(std::string_view reply) {
  if (reply[0] != '$' || reply[1] < '0' || reply[1] > '9') return {};
  const std::size_t text_at = reply.find('\n') + 1;
  return reply.substr(text_at, reply.size() - text_at - line_end_bytes);
}

}  // namespace

bool Served::look_up_key(HostedClient& client, std::string_view key, Duration max_staleness,
                         Instant now, Area& area, std::uint32_t& nodes) {
  NearCache* const near = client.client().near_cache();
  if (near == nullptr || !replies_) return false;
  const commands::Question question = commands::get_of(key);
  return near->cache().filter().admits(question) &&
         look_up(*near, client, question, max_staleness, now, area, nodes);
}

bool Served::look_up(HostedClient& client, std::span<const std::string_view> words,
                     Duration max_staleness, Instant now, Area& area, std::uint32_t& nodes) {
  NearCache* const near = client.client().near_cache();
  if (near == nullptr || !replies_) return false;
  const Result<CommandView> command = commands::prepare(words);
  commands::QuestionReader question;
  return command && near->cache().takes(*command, question) &&
         look_up(*near, client, question.question(), max_staleness, now, area, nodes);
}

bool Served::look_up(NearCache& near, HostedClient& client, const commands::Question& question,
                     Duration max_staleness, Instant now, Area& area, std::uint32_t& nodes) {
  cache::Cache::Reader reader = near.reader(max_staleness, now);
  reader.scratch = &*replies_;
  return near.cache().visit(reader, question, now, [&](std::string_view reply) {
    return deliver(reply, client, area, nodes);
  });
}

bool Served::deliver(std::string_view reply, HostedClient& client, Area& area,
                     std::uint32_t& nodes) {
  const std::string_view text = string_of(reply);
  if (text.data() == nullptr) return deliver_copy(reply, client, area, nodes);
  area.clear();
  area.add_text(text);
  nodes = 1;
  return true;
}

void Served::clear() {
  if (walking_ != nullptr) std::exchange(walking_, nullptr)->walk() = NodeWalk();
  kept_.reset();
  reader_.clear();
}

bool Served::deliver_copy(std::string_view reply, HostedClient& client, Area& area,
                          std::uint32_t& nodes) {
  clear();
  area.clear();
  nodes = 0;
  const Result<Value> value = reader_.read(reply);
  if (!value) return false;
  if (area.add_value(NodeWalk(*value), nodes)) return true;
  area.clear();
  kept_ = Block::allocate(*replies_, reply.size());
  if (!kept_) return false;
  char* const own = static_cast<char*>(kept_.data());
  std::memcpy(own, reply.data(), reply.size());
  const Result<Value> kept = reader_.read({own, reply.size()});
  if (!kept) return false;
  client.walk() = NodeWalk(*kept);
  walking_ = &client;
  nodes = area.add_nodes(client.walk());
  return true;
}

}  // namespace plimsoll::wasm

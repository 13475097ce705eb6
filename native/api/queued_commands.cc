#include "plimsoll/queued_commands.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/answer.h"
#include "plimsoll/core/commands/command_table.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr std::string_view multi = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view exec = "*1\r\n$4\r\nEXEC\r\n";

// Each chunk is twice as large as the one before, between these bounds. A command that is larger,
// or for which the pool has no room to spare, gets a chunk of its own size.
constexpr std::size_t chunk_bytes_min = 256;
constexpr std::size_t chunk_bytes_max = 16 * 1024;

std::size_t read_number(std::string_view& text) {
  std::size_t number = 0;
  std::from_chars(text.data() + 1, text.data() + text.size(), number);
  text.remove_prefix(text.find('\n') + 1);
  return number;
}

}  // namespace

void QueuedCommands::Chunk::append(const CommandView& command) {
  char* const at = static_cast<char*>(block.data()) + used;
  used += static_cast<std::size_t>(encode(command, at) - at);
  PLIMSOLL_CHECK(used <= block.size());
}

bool QueuedCommands::add(const CommandView& command) {
  const std::size_t bytes = encoded_size(command);
  if (chunks_.empty()) {
    if (!add_chunk(multi.size() + bytes)) return false;
    chunks_.back().append(CommandView::from_encoded(multi));
  } else if (chunks_.back().room() < bytes && !add_chunk(bytes)) {
    return false;
  }
  chunks_.back().append(command);
  ++count_;
  return true;
}

bool QueuedCommands::add_chunk(std::size_t bytes) {
  const std::size_t last = chunks_.empty() ? 0 : chunks_.back().block.size();
  const std::size_t wanted = std::clamp(2 * last, chunk_bytes_min, chunk_bytes_max);
  Block block = Block::allocate(requests_, std::max(bytes, wanted));
  if (!block) block = Block::allocate(requests_, bytes);
  if (!block) return false;
  chunks_.push_back({.block = std::move(block)});
  return true;
}

CommandView QueuedCommands::request(ArgumentList& rest) const {
  PLIMSOLL_CHECK(count_ > 0);
  CommandView command = CommandView::from_encoded(chunks_.front().bytes());
  command.answers = static_cast<std::uint16_t>(count_ + 2);
  rest = {.items = this, .walk = &walk_rest, .is_encoded = true};
  command.lists = {&rest, 1};
  return command;
}

void QueuedCommands::walk_rest(const ArgumentList& list, const ArgumentSink& sink) {
  const auto& commands = *static_cast<const QueuedCommands*>(list.items);
  for (const Chunk& chunk : std::span(commands.chunks_).subspan(1)) sink(chunk.bytes());
  sink(exec);
}

std::string_view QueuedCommands::skip_command(std::string_view& encoded) {
  std::string_view name;
  const std::size_t words = read_number(encoded);
  for (std::size_t i = 0; i < words; ++i) {
    const std::size_t size = read_number(encoded);
    if (i == 0) name = encoded.substr(0, size);
    encoded.remove_prefix(size + 2);
  }
  return name;
}

std::string_view QueuedCommands::name_of(std::size_t place) const {
  std::string_view found;
  for_each_name([&](std::string_view name) {
    if (--place == 0) found = name;
  });
  return found;
}

Speaker speaker_for(std::string_view name) {
  const commands::Row* const row = commands::find({&name, 1});
  if (row == nullptr) return Speaker::module;
  return speaker_of(commands::answer_to(commands::number_of(*row)));
}

}  // namespace plimsoll::inline v0::native

#include "plimsoll/stream_position.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "plimsoll/encoded.h"

namespace plimsoll::inline v0::native::detail {
namespace {

using std::chrono::milliseconds;

// The longest that one XREADGROUP blocks. Short waits let the reader notice a dead server, and look
// for entries to claim in between.
constexpr milliseconds wait_at_a_time_max = std::chrono::seconds(5);

// How long a server that has not heard of a lost connection may give entries to the call there: as
// long as the call blocks, and a second for it to arrive.
constexpr milliseconds lost_call_time_max = wait_at_a_time_max + std::chrono::seconds(1);

// Whether an id of an entry, "milliseconds-number", is larger.
bool is_behind(std::string_view id, std::string_view other) {
  const auto numbers_of = [](std::string_view text) {
    std::pair<std::uint64_t, std::uint64_t> numbers{};
    const char* const end = text.data() + text.size();
    const char* const dash = std::from_chars(text.data(), end, numbers.first).ptr;
    if (dash != end) std::from_chars(dash + 1, end, numbers.second);
    return numbers;
  };
  return numbers_of(id) > numbers_of(other);
}

milliseconds between_claims(milliseconds claim_after) {
  return std::max(claim_after / 2, milliseconds(1));
}

}  // namespace

std::size_t StreamPosition::size_of(const StreamReaderOptions& options) {
  std::size_t bytes = sizeof(StreamPosition) + options.group.size() + options.consumer.size();
  for (const std::string& name : options.streams) {
    bytes += sizeof(std::string) + sizeof(Stream) + 2 * name.size();
  }
  return bytes;
}

StreamPosition::StreamPosition(const StreamReaderOptions& options, Account& requests)
    : charge_(requests), count_(std::to_string(options.count)) {
  if (!charge_.grow(size_of(options))) return;
  options_ = options;
  for (const std::string& name : options.streams) streams_.push_back({.name = name});
  // Sorted in place, since a list of its own would be memory that nobody pays for: the user's order
  // is that of streams_.
  std::sort(options_.streams.begin(), options_.streams.end());
  has_name_twice_ = std::adjacent_find(options_.streams.begin(), options_.streams.end()) !=
                    options_.streams.end();
}

StreamPosition::Stream* StreamPosition::find(std::string_view name) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [name](const Stream& stream) { return stream.name == name; });
  return found == streams_.end() ? nullptr : &*found;
}

void StreamPosition::read_pending_again() {
  for (Stream& stream : streams_) {
    stream.has_pending = true;
    if (is_behind(stream.at, stream.pending_from)) stream.pending_from = stream.at;
  }
}

void StreamPosition::expect_lost(Clock::time_point now) {
  look_again_at_ = now + lost_call_time_max;
  for (Stream& stream : streams_) {
    if (!stream.at_loss) stream.at_loss = stream.at;
  }
}

void StreamPosition::look_again(Clock::time_point now) {
  if (now < look_again_at_) return;
  look_again_at_ = Clock::time_point::max();
  for (Stream& stream : streams_) {
    stream.has_pending = true;
    if (stream.at_loss) stream.pending_from = std::move(*stream.at_loss);
    stream.at_loss.reset();
  }
}

bool StreamPosition::has_pending() const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [](const Stream& stream) { return stream.has_pending; });
}

std::vector<std::string_view> StreamPosition::read_words() const {
  return {"XREADGROUP", "GROUP", options_.group, options_.consumer, "COUNT", count_};
}

StreamRequest StreamPosition::pending_request() const {
  std::vector<std::string_view> words = read_words();
  words.emplace_back("STREAMS");
  for (const Stream& stream : streams_) {
    if (stream.has_pending) words.push_back(stream.name);
  }
  for (const Stream& stream : streams_) {
    if (stream.has_pending) words.push_back(stream.pending_from);
  }
  return {.encoded = encoded(words)};
}

// A stream whose part of the reply is empty has no more pending entries. If no entries came at all,
// no stream has any.
void StreamPosition::handle_pending(std::vector<StreamEntries>& came) {
  std::erase_if(came, [this](const StreamEntries& part) {
    if (Stream* const stream = find(part.stream); stream != nullptr && part.entries.empty()) {
      stream->has_pending = false;
    }
    return part.entries.empty();
  });
  if (came.empty()) {
    for (Stream& stream : streams_) stream.has_pending = false;
  }
  for (const StreamEntries& part : came) {
    if (Stream* const stream = find(part.stream)) stream->pending_from = part.entries.back().id;
  }
  handle_fresh(came);
}

StreamRequest StreamPosition::fresh_request(Clock::time_point now, Clock::time_point until) const {
  milliseconds block = wait_at_a_time_max;
  if (options_.claim_after) block = std::min(block, between_claims(*options_.claim_after));
  if (until != Clock::time_point::max()) {
    block = std::min(block, std::chrono::ceil<milliseconds>(until - now));
  }
  if (look_again_at_ != Clock::time_point::max()) {
    block = std::min(block, std::chrono::ceil<milliseconds>(look_again_at_ - now));
  }
  block = std::max(block, milliseconds(1));
  const std::string time = std::to_string(block.count());
  std::vector<std::string_view> words = read_words();
  words.insert(words.end(), {"BLOCK", time, "STREAMS"});
  for (const Stream& stream : streams_) words.push_back(stream.name);
  words.insert(words.end(), streams_.size(), ">");
  return {.encoded = encoded(words), .block = block};
}

void StreamPosition::handle_fresh(std::vector<StreamEntries>& came) {
  std::erase_if(came, [](const StreamEntries& part) { return part.entries.empty(); });
  for (const StreamEntries& part : came) {
    Stream* const stream = find(part.stream);
    if (stream == nullptr) continue;
    const std::string& last = part.entries.back().id;
    if (!stream->seen || is_behind(last, stream->at)) stream->at = last;
    stream->seen = true;
  }
}

bool StreamPosition::may_claim(Clock::time_point now) const {
  return options_.claim_after && now >= claim_at_ && !streams_.empty();
}

StreamRequest StreamPosition::claim_request() const {
  const Stream& stream = streams_[claiming_];
  const std::string idle = std::to_string(options_.claim_after->count());
  const std::vector<std::string_view> words{"XAUTOCLAIM",      stream.name, options_.group,
                                            options_.consumer, idle,        stream.claim_from,
                                            "COUNT",           count_};
  return {.encoded = encoded(words)};
}

StreamEntries StreamPosition::handle_claimed(ClaimedEntries came, Clock::time_point now) {
  Stream& stream = streams_[claiming_];
  stream.claim_from = std::move(came.next);
  if (stream.claim_from == "0-0") {
    if (++claiming_ == streams_.size()) {
      claiming_ = 0;
      claim_at_ = now + between_claims(*options_.claim_after);
    }
  }
  return {.stream = stream.name, .entries = std::move(came.entries)};
}

// A group that was deleted is made again behind the last entry that the user was given.
StreamRequest StreamPosition::group_request() const {
  const Stream& stream = streams_[group_to_make_];
  const std::vector<std::string_view> words{
      "XGROUP",  "CREATE", stream.name, options_.group, stream.seen ? stream.at : options_.begin,
      "MKSTREAM"};
  return {.encoded = encoded(words)};
}

}  // namespace plimsoll::inline v0::native::detail

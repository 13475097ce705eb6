#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/results.h"
#include "plimsoll/stream_reader_options.h"

// Reads entries of streams as one consumer of a group.
//
//   native::StreamReaderOptions options;
//   options.group = "billing";
//   options.consumer = "billing-1";
//   options.streams = {"orders"};
//   native::StreamReader reader(client, options);
//   while (true) {
//     const native::StreamBatch batch = co_await reader.next();
//     for (const native::StreamEntries& part : batch.streams) {
//       for (const native::StreamEntry& entry : part.entries) ...
//       co_await reader.ack(part);
//     }
//   }
//
// The server gives each entry to one consumer of the group, and again until it is acknowledged:
// each entry comes at least once. A new reader first gets the entries that its consumer was given
// earlier and has not acknowledged, then new ones.

namespace plimsoll::inline v0::native {

/// The entries that one next() returns. Streams have the names that the reader was given, without
/// Options::key_prefix.
struct StreamBatch {
  enum class Origin : std::uint8_t {
    fresh,    ///< new: no consumer was given them before
    pending,  ///< this consumer was given them before
    claimed   ///< some consumer was given them before, and did not acknowledge them
  };
  Origin origin = Origin::fresh;

  /// Has no streams without entries. An entry that was deleted meanwhile has no fields, and its
  /// `deleted` is true: acknowledge it all the same.
  std::vector<StreamEntries> streams{};

  /// How many entries there are in all streams.
  std::size_t size() const;
  bool empty() const { return streams.empty(); }
};

Result<void> receive(const Delivery& delivery, StreamBatch& batch);

namespace detail {

class StreamPosition;

struct BatchRequest {
  Channel channel;
  std::shared_ptr<StreamPosition> position;

  void operator()(Operation& operation) const;
};

}  // namespace detail

/// Move-only. While next() waits at the server, it uses one of the
/// Options::blocking_connections_max connections.
class StreamReader {
 public:
  StreamReader(const Channel& client, const StreamReaderOptions& options);
  StreamReader(StreamReader&&) = default;
  StreamReader& operator=(StreamReader&&) = default;
  ~StreamReader() = default;

  /// Waits for the next entries, and returns them. Only one call may be under way at a time. To
  /// cancel the call loses nothing: the next call returns what the server had given out already. If
  /// the connection is lost, the reader waits for the next one, and reads again what was given out
  /// on the lost one.
  ///
  /// Errors: invalid_argument (the options have no group, consumer or stream, or have a stream
  /// twice); server_error (NOGROUP, WRONGTYPE...); rejected_by_limit (a next() is under way
  /// already, no connection is free, or the requests pool has no room); cancelled; closed; the loss
  /// itself, if the connection is lost ten times in a row; others as for any command.
  template <CompletionToken Token = Start>
  auto next(Token&& token = Token()) {
    return initiate<StreamBatch>(channel_.driver->origin(),
                                 detail::BatchRequest{channel_, position_}, Result<StreamBatch>(),
                                 std::forward<Token>(token));
  }

  /// Acknowledges these entries (XACK): the server does not give them out again. Returns how many
  /// of them were pending.
  template <CompletionToken Token = Start>
  auto ack(std::string_view stream, const Words& ids, Token&& token = Token()) {
    return start<std::int64_t>(Request(channel_, commands::xack(stream, group(), ids)),
                               std::forward<Token>(token));
  }
  /// The same for all entries of one stream of a batch.
  template <CompletionToken Token = Start>
  auto ack(const StreamEntries& done, Token&& token = Token()) {
    std::vector<std::string_view> ids;
    for (const StreamEntry& entry : done.entries) ids.push_back(entry.id);
    return ack(done.stream, ids, std::forward<Token>(token));
  }

 private:
  const std::string& group() const;

  Channel channel_;
  std::shared_ptr<detail::StreamPosition> position_;
};

}  // namespace plimsoll::inline v0::native

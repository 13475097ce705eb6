#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/results.h"
#include "plimsoll/stream_reader_options.h"

// Entries of streams as one consumer of a group gets them.
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
// Each entry is given to one consumer of the group, and again until it is acknowledged: at least
// once, never less. First comes what this consumer had been given and not acknowledged before the
// reader was made, then what is new.

namespace plimsoll::native {

/// What next() brings.
struct StreamBatch {
  enum class Origin : std::uint8_t {
    fresh,    ///< given to nobody before
    pending,  ///< given to this consumer before
    claimed   ///< given to some consumer before, which did not acknowledge it
  };
  Origin origin = Origin::fresh;

  /// Streams without entries are left out. An entry that was deleted meanwhile has no fields, and
  /// says so: it is to be acknowledged all the same.
  std::vector<StreamEntries> streams{};

  /// Entries.
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

/// Move-only. It waits on a connection out of Options::blocking_connections_max.
class StreamReader {
 public:
  StreamReader(const Channel& client, const StreamReaderOptions& options);
  StreamReader(StreamReader&&) = default;
  StreamReader& operator=(StreamReader&&) = default;
  ~StreamReader() = default;

  /// The next entries. One call at a time. Cancelling it loses nothing: what the server had given
  /// out already comes with the next call. A lost connection is waited for, and what was given out
  /// on it is read again. Errors: server_error (NOGROUP, WRONGTYPE...), cancelled, closed,
  /// rejected_by_limit; the loss, where it comes ten times in a row.
  template <CompletionToken Token = Start>
  auto next(Token&& token = Token()) {
    return initiate<StreamBatch>(channel_.driver->executor(),
                                 detail::BatchRequest{channel_, position_}, Result<StreamBatch>(),
                                 std::forward<Token>(token));
  }

  /// XACK: these entries are done with; how many had been pending.
  template <CompletionToken Token = Start>
  auto ack(std::string_view stream, const Words& ids, Token&& token = Token()) {
    return start<std::int64_t>(Request(channel_, commands::xack(stream, group(), ids)),
                               std::forward<Token>(token));
  }
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

}  // namespace plimsoll::native

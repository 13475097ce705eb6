#include "plimsoll/stream_reader.h"

#include <string_view>

#include "plimsoll/decode.h"
#include "plimsoll/native/driver/steps.h"
#include "plimsoll/stream_position.h"

namespace plimsoll::inline v0::native {
namespace {

using detail::StreamPosition;
using detail::StreamRequest;

constexpr int losses_in_a_row_max = 10;

constexpr plimsoll::Error busy_already{.code = ErrorCode::rejected_by_limit,
                                       .what = "a batch of this reader is under way already",
                                       .limit = 1};
constexpr plimsoll::Error no_room_for_names{
    .code = ErrorCode::rejected_by_limit,
    .what = "the requests pool had no room for the names of this reader's streams",
    .expected = "another reader, once there is room"};
constexpr plimsoll::Error no_streams{.code = ErrorCode::invalid_argument,
                                     .what = "the reader has no group, consumer or stream",
                                     .expected = "each of them in StreamReaderOptions"};
constexpr plimsoll::Error name_twice{.code = ErrorCode::invalid_argument,
                                     .what = "the reader has the name of a stream twice",
                                     .expected = "each name once in StreamReaderOptions::streams"};

bool has_failed(const Delivery& delivery) {
  return delivery.error != nullptr || delivery.failure != nullptr;
}

bool server_says(const Delivery& delivery, std::string_view word) {
  if (delivery.error == nullptr || delivery.value == nullptr) return false;
  const auto words = delivery.value->as_error();
  return words && words->starts_with(word);
}

// A bridge that shares its connections answers so, too, if it has lost the server.
bool is_loss(const Delivery& delivery) {
  if (delivery.error == nullptr) return false;
  const ErrorCode code = delivery.error->code;
  return code == ErrorCode::lost_unsent || code == ErrorCode::lost_in_doubt ||
         code == ErrorCode::connection_lost;
}

// The requests of one next(), until there are entries for the user or the time is over. Each
// request is a Step: its outcome decides which Step comes next.
//
// Invariants:
//  - Only one BatchSteps of a reader exists at a time: `busy` is true from before it is made until
//    it is destroyed.
//  - If entries may have been given out in a reply that did not arrive or could not be decoded, the
//    pending entries are read again before new ones, and once more when the lost call is over.
//  - A loss, or a stream that was deleted while the reader waited, ends the call only after
//    losses_in_a_row_max of them, without a wait that ended well in between.
class BatchSteps final : public Steps {
 public:
  using Clock = StreamPosition::Clock;

  BatchSteps(const Channel& channel, std::shared_ptr<StreamPosition> position, Operation& outer)
      : Steps(*channel.driver, outer), position_(std::move(position)), timeout_(channel.timeout) {
    const auto wait = position_->options().wait;
    if (wait.count() > 0) until_ = Clock::now() + wait;
  }

  void submit() {
    if (step_ == Step::read) step_ = next_to_read();
    const StreamRequest request = this->request();
    CommandView command = CommandView::from_encoded(request.encoded);
    command.block_time = request.block;
    if (step_ == Step::reconnect) command.effect = CommandView::Effect::read;
    // The reader waits for a new connection without a timeout, as long as the client lives.
    driver().submit(command, step_ == Step::reconnect ? Timeout::zero() : timeout_, *this);
  }

 private:
  enum class Step {
    read,        // claim, pending or fresh: next_to_read() decides
    claim,       // take over entries that other consumers left
    pending,     // read entries that this consumer was given before
    fresh,       // wait for new entries
    make_group,  // create the group of one stream
    reconnect,   // PING, whose answer proves that there is a connection again
  };

  ~BatchSteps() override { position_->busy = false; }

  Step next_to_read() {
    position_->look_again(Clock::now());
    if (position_->has_pending()) return Step::pending;
    return position_->may_claim(Clock::now()) ? Step::claim : Step::fresh;
  }

  StreamRequest request() const {
    switch (step_) {
      case Step::claim: return position_->claim_request();
      case Step::pending: return position_->pending_request();
      case Step::read:
      case Step::fresh: return position_->fresh_request(Clock::now(), until_);
      case Step::make_group: return position_->group_request();
      case Step::reconnect: break;
    }
    return {.encoded = "*1\r\n$4\r\nPING\r\n"};
  }

  Next handle_outcome(const Delivery& delivery) override {
    const Step step = std::exchange(step_, Step::read);
    if (has_failed(delivery)) return handle_failure(step, delivery);
    if (step == Step::fresh) losses_ = 0;
    switch (step) {
      case Step::read:
      case Step::reconnect: return Next::another_request;
      case Step::make_group:
        if (position_->handle_group_made()) step_ = Step::make_group;
        return Next::another_request;
      case Step::claim: return handle_claimed(delivery);
      case Step::pending: return handle_read(delivery, StreamBatch::Origin::pending);
      case Step::fresh: return handle_read(delivery, StreamBatch::Origin::fresh);
    }
    return Next::over;
  }

  Next handle_failure(Step step, const Delivery& delivery) {
    if (step == Step::reconnect && delivery.value != nullptr) return Next::another_request;
    if (step == Step::make_group && server_says(delivery, "BUSYGROUP ")) {
      if (position_->handle_group_made()) step_ = Step::make_group;
      return Next::another_request;
    }
    if (position_->options().create_group && step != Step::make_group &&
        server_says(delivery, "NOGROUP ")) {
      position_->begin_groups();
      step_ = Step::make_group;
      return Next::another_request;
    }
    // The stream was deleted while this call waited. The next reply says what is missing.
    if (step == Step::fresh && server_says(delivery, "UNBLOCKED ") &&
        ++losses_ < losses_in_a_row_max) {
      return Next::another_request;
    }
    // The server may have given out entries in a reply that did not arrive: read them again.
    if (delivery.error != nullptr && delivery.error->executed != Executed::no) {
      position_->read_pending_again();
    }
    const bool may_wait_on =
        delivery.error != nullptr && delivery.error->executed == Executed::maybe;
    if (may_wait_on || is_loss(delivery)) position_->expect_lost(Clock::now());
    if (is_loss(delivery) && ++losses_ < losses_in_a_row_max) {
      position_->read_pending_again();
      step_ = Step::reconnect;
      return Next::another_request;
    }
    finish(delivery);
    return Next::over;
  }

  Next handle_claimed(const Delivery& delivery) {
    ClaimedEntries came;
    if (const auto status = decode(*delivery.value, came); !status) return refuse(status.error());
    StreamBatch batch{.origin = StreamBatch::Origin::claimed};
    StreamEntries part = position_->handle_claimed(std::move(came), Clock::now());
    if (part.entries.empty()) return Next::another_request;
    batch.streams.push_back(std::move(part));
    return finish_with(std::move(batch));
  }

  Next handle_read(const Delivery& delivery, StreamBatch::Origin origin) {
    StreamBatch batch{.origin = origin};
    if (const auto status = decode(*delivery.value, batch.streams); !status) {
      return refuse(status.error());
    }
    // The reader goes by the names that it was given, and so does ack().
    const std::string& prefix = driver().options().key_prefix;
    for (StreamEntries& part : batch.streams) {
      if (part.stream.starts_with(prefix)) part.stream.erase(0, prefix.size());
    }
    const bool is_fresh = origin == StreamBatch::Origin::fresh;
    is_fresh ? position_->handle_fresh(batch.streams) : position_->handle_pending(batch.streams);
    const bool out_of_time = is_fresh && Clock::now() >= until_;
    if (batch.streams.empty() && !out_of_time) return Next::another_request;
    return finish_with(std::move(batch));
  }

  Next finish_with(StreamBatch batch) {
    finish(Delivery{.made = &batch});
    return Next::over;
  }

  void handle_exception() noexcept override { position_->read_pending_again(); }

  // The reply could not be decoded, but the server has given its entries to this consumer: read
  // them again.
  Next refuse(const plimsoll::Error& error) {
    position_->read_pending_again();
    finish(Delivery{.error = &error});
    return Next::over;
  }

  void go_on() override { submit(); }

  const std::shared_ptr<StreamPosition> position_;
  const Timeout timeout_;
  Clock::time_point until_ = Clock::time_point::max();
  Step step_ = Step::read;
  int losses_ = 0;
};

}  // namespace

std::size_t StreamBatch::size() const {
  std::size_t size = 0;
  for (const StreamEntries& part : streams) size += part.entries.size();
  return size;
}

Result<void> receive(const Delivery& delivery, StreamBatch& batch) {
  if (has_failed(delivery)) return to_error(delivery);
  batch = std::move(*static_cast<StreamBatch*>(delivery.made));
  return {};
}

void detail::BatchRequest::operator()(Operation& operation) const {
  if (!position->has_room()) return channel.driver->refuse(no_room_for_names, operation);
  const StreamReaderOptions& options = position->options();
  if (options.group.empty() || options.consumer.empty() || options.streams.empty()) {
    return channel.driver->refuse(no_streams, operation);
  }
  if (position->has_name_twice()) return channel.driver->refuse(name_twice, operation);
  if (position->busy.exchange(true)) return channel.driver->refuse(busy_already, operation);
  (new BatchSteps(channel, position, operation))->submit();
}

StreamReader::StreamReader(const Channel& client, const StreamReaderOptions& options)
    : channel_(client),
      position_(
          std::make_shared<detail::StreamPosition>(options, client.driver->requests_account())) {}

const std::string& StreamReader::group() const { return position_->options().group; }

}  // namespace plimsoll::inline v0::native

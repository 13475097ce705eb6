#include "plimsoll/scan.h"

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/driver/steps.h"

namespace plimsoll::inline v0::native::detail {
namespace {

constexpr plimsoll::Error busy_already{.code = ErrorCode::rejected_by_limit,
                                       .what = "a page of this scan is under way already",
                                       .limit = 1};
constexpr plimsoll::Error no_page{.code = ErrorCode::wrong_type,
                                  .executed = Executed::yes,
                                  .what = "the reply is no page of a scan",
                                  .expected = "a cursor and what was found"};

// Takes the cursor from the reply, and delivers the rest of it to the caller.
class PageSteps final : public Steps {
 public:
  PageSteps(Driver& driver, std::shared_ptr<ScanState> state, Operation& outer)
      : Steps(driver, outer), state_(std::move(state)) {}

 private:
  ~PageSteps() override { state_->busy = false; }

  Next handle_outcome(const Delivery& delivery) override {
    if (delivery.error != nullptr || delivery.failure != nullptr || delivery.value == nullptr) {
      finish(delivery);
      return Next::over;
    }
    const auto page = delivery.value->as_elements();
    std::string cursor;
    if (!page || page->size() != 2 || !decode(*page->begin(), cursor)) {
      finish(Delivery{.error = &no_page});
      return Next::over;
    }
    const Value found = *++page->begin();
    Delivery rest = delivery;
    rest.value = &found;
    // If the caller could not be given this page, the cursor stays: next() fetches the page again.
    if (finish(rest)) state_->advance(std::move(cursor));
    return Next::over;
  }

  void go_on() override {}

  const std::shared_ptr<ScanState> state_;
};

}  // namespace

void ScanState::advance(std::string cursor) {
  cursor_ = std::move(cursor);
  over_ = cursor_ == "0";
}

void PageRequest::operator()(Operation& operation) const {
  static constexpr Node null_node{.type = Type::null, .split = false, .size = 0, .integer = 0};
  if (!state->has_words()) {
    const Account& requests = channel.driver->requests_account();
    return channel.driver->refuse(no_room_to_hold(state->size(), requests), operation);
  }
  if (state->busy.exchange(true)) return channel.driver->refuse(busy_already, operation);
  if (state->is_over()) {
    state->busy = false;
    const Value none(&null_node);
    return channel.driver->finish(Delivery{.value = &none}, operation);
  }
  state->request([&](const CommandView& command) {
    channel.submit(command, *new PageSteps(*channel.driver, state, operation));
  });
}

std::shared_ptr<ScanState> scan_state(const Channel& client,
                                      std::initializer_list<std::string_view> before,
                                      const std::optional<std::string_view>& pattern,
                                      const std::optional<std::int64_t>& count,
                                      const std::optional<std::string_view>& type) {
  const std::string number = count ? std::to_string(*count) : std::string();
  std::vector<std::string_view> after;
  const auto add = [&after](std::string_view token, std::string_view value) {
    after.push_back(token);
    after.push_back(value);
  };
  if (pattern) add("MATCH", *pattern);
  if (count) add("COUNT", number);
  if (type) add("TYPE", *type);
  Account& requests = client.driver->requests_account();
  return std::make_shared<ScanState>(HeldWords(requests, before), HeldWords(requests, after));
}

}  // namespace plimsoll::inline v0::native::detail

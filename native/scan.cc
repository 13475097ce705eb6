#include "plimsoll/native/scan.h"

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/steps.h"

namespace plimsoll::native::detail {
namespace {

constexpr plimsoll::Error busy_already{.code = ErrorCode::rejected_by_limit,
                                       .what = "a page of this scan is under way already",
                                       .limit = 1};
constexpr plimsoll::Error no_page{.code = ErrorCode::wrong_type,
                                  .executed = Executed::yes,
                                  .what = "the reply is no page of a scan",
                                  .expected = "a cursor and what was found"};

// Takes the cursor off the page.
class PageSteps final : public Steps {
 public:
  PageSteps(std::shared_ptr<ScanState> state, Operation& outer)
      : Steps(outer), state_(std::move(state)) {}

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
    finish(rest);
    state_->advance(std::move(cursor));
    return Next::over;
  }

  void go_on(Driver&) override {}

  const std::shared_ptr<ScanState> state_;
};

}  // namespace

void ScanState::advance(std::string cursor) {
  cursor_ = std::move(cursor);
  over_ = cursor_ == "0";
}

std::string ScanState::request() const {
  std::vector<std::string_view> words(before_.begin(), before_.end());
  words.push_back(cursor_);
  words.insert(words.end(), after_.begin(), after_.end());
  CommandView command;
  command.args = words;
  std::string request(encoded_size(command), '\0');
  encode(command, request.data());
  return request;
}

void PageRequest::operator()(Operation& operation) const {
  static constexpr Node null_node{.type = Type::null, .split = false, .size = 0, .integer = 0};
  if (state->busy.exchange(true)) return channel.driver->refuse(busy_already, operation);
  if (state->is_over()) {
    state->busy = false;
    const Value none(&null_node);
    return channel.driver->finish(Delivery{.value = &none}, operation);
  }
  const std::string request = state->request();
  CommandView command = CommandView::from_encoded(request);
  command.effect = CommandView::Effect::read;
  channel.submit(command, *new PageSteps(state, operation));
}

std::shared_ptr<ScanState> scan_state(std::vector<std::string> before,
                                      const std::optional<std::string_view>& pattern,
                                      const std::optional<std::int64_t>& count,
                                      const std::optional<std::string_view>& type) {
  std::vector<std::string> after;
  if (pattern) after.insert(after.end(), {"MATCH", std::string(*pattern)});
  if (count) after.insert(after.end(), {"COUNT", std::to_string(*count)});
  if (type) after.insert(after.end(), {"TYPE", std::string(*type)});
  return std::make_shared<ScanState>(std::move(before), std::move(after));
}

}  // namespace plimsoll::native::detail

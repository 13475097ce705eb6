#include "plimsoll/demo/window.h"

#include <algorithm>
#include <utility>

namespace plimsoll::demo {

void Window::begin(Work& work) {
  work_ = &work;
  latencies_ = {};
  fill();
}

void Window::stop(std::string reason) {
  if (stop_reason_.empty()) stop_reason_ = std::move(reason);
}

void Window::fill() {
  // A store that answers during send() comes back here from within: the outer call goes on then.
  if (std::exchange(filling_, true)) return;
  while (stop_reason_.empty() && in_flight_count_ < width_) {
    auto request = take_next();
    if (!request) break;
    send(std::move(*request));
  }
  filling_ = false;
}

std::optional<Request> Window::take_next() {
  if (refused_.empty()) return work_->next();
  auto request = std::move(refused_.front());
  refused_.pop_front();
  return request;
}

void Window::send(Request request) {
  const auto company = in_flight_count_ == 0 ? Company::alone : Company::others;
  ++in_flight_count_;
  Sent sent{std::move(request), Clock::now(), company};
  store_.send(sent.request,
              [this, sent](const Outcome& outcome) { handle_outcome(sent, outcome); });
}

void Window::handle_outcome(const Sent& sent, const Outcome& outcome) {
  --in_flight_count_;
  if (const auto* failure = std::get_if<Failure>(&outcome)) {
    handle_failure(sent, *failure);
  } else {
    handle_reply(sent, std::get<Reply>(outcome));
  }
  fill();
}

void Window::handle_reply(const Sent& sent, const Reply& reply) {
  latencies_.add(Clock::now() - sent.at);
  if (width_ < in_flight_max_ && ++replies_in_round_ >= width_) {
    ++width_;
    replies_in_round_ = 0;
  }
  verdict_.check(sent.request, reply);
  work_->handle_reply(sent.request, reply);
}

void Window::handle_failure(const Sent& sent, const Failure& failure) {
  if (failure.kind == Failure::Kind::refused && sent.company == Company::others) {
    ++refused_count_;
    refused_.push_back(sent.request);
    width_ = std::clamp<std::size_t>(in_flight_count_, 1, width_);
    replies_in_round_ = 0;
    return;
  }
  stop(std::string(command_of(sent.request)) + " " + key_of("", sent.request) + ": " +
       failure.text);
}

}  // namespace plimsoll::demo

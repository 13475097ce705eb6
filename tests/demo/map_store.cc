#include "plimsoll/tests/demo/map_store.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace plimsoll::demo {
namespace {

std::string line_of(const Request& request) {
  return std::string(command_of(request)) + " " + key_of("", request);
}

Reply read(const Model& model, const Request& request) {
  const auto* package = model.find(request.name);
  switch (request.topic) {
    case Topic::version:
      return package ? std::optional(package->version) : std::optional<std::string>();
    case Topic::fields:
      return package ? Fields(package->fields.begin(), package->fields.end()) : Fields();
    case Topic::depends: return package ? package->depends : Members();
    case Topic::providers: return model.providers(request.name);
  }
  return {};
}

Reply write(const Model& model, const Request& request) {
  const auto value = read(model, request);
  if (const auto* fields = std::get_if<Fields>(&value)) return std::int64_t(fields->size());
  if (const auto* members = std::get_if<Members>(&value)) return std::int64_t(members->size());
  return std::monostate();
}

}  // namespace

void MapStore::send(const Request& request, std::function<void(Outcome)> done) {
  log_.push_back(line_of(request));
  if (waiting_.size() >= waiting_max_) {
    done(Failure{Failure::Kind::refused, "no room"});
    return;
  }
  waiting_.push_back({request, std::move(done)});
  waiting_peak_ = std::max(waiting_peak_, waiting_.size());
}

bool MapStore::answer() {
  if (waiting_.empty()) return false;
  if (order_ == Order::last_come) std::swap(waiting_.front(), waiting_.back());
  const auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next.done(outcome_of(next.request));
  return true;
}

void MapStore::answer_all() {
  while (answer()) {
  }
}

void MapStore::falsify(const std::string& request, Outcome outcome) {
  falsified_[request] = std::move(outcome);
}

Outcome MapStore::outcome_of(const Request& request) const {
  const auto falsified = falsified_.find(line_of(request));
  if (falsified != falsified_.end()) return falsified->second;
  switch (request.verb) {
    case Verb::read: return read(model_, request);
    case Verb::write: return write(model_, request);
    case Verb::remove: return Reply(std::int64_t{1});
  }
  return Failure{};
}

}  // namespace plimsoll::demo

#include "plimsoll/demo/sweep.h"

namespace plimsoll::demo {

std::optional<Request> Sweep::next() {
  while (package_ < model_.packages().size()) {
    const auto& package = model_.packages()[package_];
    switch (topic_) {
      case Topic::version:
        topic_ = Topic::fields;
        return Request{.verb = verb_, .topic = Topic::version, .name = package.name};
      case Topic::fields:
        topic_ = Topic::depends;
        return Request{.verb = verb_, .topic = Topic::fields, .name = package.name};
      case Topic::depends:
      case Topic::providers:
        topic_ = Topic::version;
        ++package_;
        // A set without members has no key.
        if (package.depends.empty()) break;
        return Request{.verb = verb_, .topic = Topic::depends, .name = package.name};
    }
  }
  if (provided_ == model_.provided().end()) return std::nullopt;
  return Request{.verb = verb_, .topic = Topic::providers, .name = (provided_++)->first};
}

}  // namespace plimsoll::demo

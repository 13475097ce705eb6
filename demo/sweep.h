// Goes once over all keys of the model: to load them, or to remove them again.
#pragma once

#include <cstddef>

#include "plimsoll/demo/model.h"
#include "plimsoll/demo/work.h"

namespace plimsoll::demo {

class Sweep : public Work {
 public:
  /// The model must outlive this.
  Sweep(const Model& model, Verb verb)
      : model_(model), verb_(verb), provided_(model.provided().begin()) {}

  std::optional<Request> next() override;
  void handle_reply(const Request& /*request*/, const Reply& /*reply*/) override {}

 private:
  const Model& model_;
  Verb verb_;
  std::size_t package_ = 0;       // whose key comes next,
  Topic topic_ = Topic::version;  // and which; then come the virtual packages
  Model::Provided::const_iterator provided_;
};

}  // namespace plimsoll::demo

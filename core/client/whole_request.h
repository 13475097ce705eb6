#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "plimsoll/core/client/handed_request.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// A request of a pipeline in one piece: who reads its words needs each of them whole, and a log
/// cuts long requests anywhere.
class WholeRequest {
 public:
  WholeRequest(Account& payer, const Pipeline& pipeline, const Pipeline::Handed& request)
      : handed_(pipeline, request, 0, HandedRequest::Asking::no), command_(handed_.command()) {
    std::array<std::string_view, 1> first;
    pipeline.staged_places(request.id, 0, request.bytes, first);
    bytes_ = first[0];
    if (bytes_.size() < request.bytes) {
      copy_ = Block::allocate(payer, request.bytes);
      bytes_ = {};
      if (!copy_) return;
      auto* out = static_cast<char*>(copy_.data());
      handed_.for_each_piece(
          [&out](std::string_view piece) { out = std::copy(piece.begin(), piece.end(), out); });
      bytes_ = {static_cast<const char*>(copy_.data()), request.bytes};
    }
    all_ = {.items = this, .walk = &walk, .is_encoded = true};
    command_.lists = {&all_, 1};
  }
  WholeRequest(const WholeRequest&) = delete;
  WholeRequest& operator=(const WholeRequest&) = delete;

  /// False: there was no memory for it.
  explicit operator bool() const { return !bytes_.empty(); }
  const CommandView& command() const { return command_; }

 private:
  static void walk(const ArgumentList& list, const ArgumentSink& sink) {
    sink(static_cast<const WholeRequest*>(list.items)->bytes_);
  }

  const HandedRequest handed_;
  CommandView command_;
  Block copy_;
  std::string_view bytes_;
  ArgumentList all_{};
};

}  // namespace plimsoll::inline v0

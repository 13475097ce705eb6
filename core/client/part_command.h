#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/cluster/split.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// The command of one part of a request whose keys are in several slots: the request's name, and
/// some of its keys with the words that belong to them. Holds no bytes: the pipeline that has the
/// request must keep them.
class PartCommand {
 public:
  struct Whole {
    const Pipeline* pipeline;
    Pipeline::Handed request;
    std::uint32_t name_at;  ///< of the encoded name in the request
    std::uint32_t name_size;
    std::uint32_t words_per_key;
  };

  PartCommand(const Whole& whole, std::span<const SplitKey> keys) : whole_(whole), keys_(keys) {
    const std::size_t words = 1 + keys.size() * whole.words_per_key;
    const char* const end = encoding::write_header(head_.data(), '*', words);
    command_.head = {head_.data(), static_cast<std::size_t>(end - head_.data())};
    command_.head_kind = CommandView::Head::counted;
    command_.answer = whole.request.answer;
    if (whole.request.may_resend) command_.effect = CommandView::Effect::read;
    words_ = {.items = this, .walk = &walk, .is_encoded = true};
    command_.lists = {&words_, 1};
  }
  PartCommand(const PartCommand&) = delete;
  PartCommand& operator=(const PartCommand&) = delete;

  /// Lives as long as this object.
  const CommandView& command() const { return command_; }

 private:
  void visit(std::uint64_t at, std::uint64_t size, const ArgumentSink& sink) const {
    std::array<std::string_view, 8> spans;
    for (const std::uint64_t end = at + size; at < end;) {
      const std::size_t count =
          whole_.pipeline->staged_places(whole_.request.id, at, end - at, spans);
      for (std::size_t i = 0; i < count; ++i) {
        sink(spans[i]);
        at += spans[i].size();
      }
    }
  }
  static void walk(const ArgumentList& list, const ArgumentSink& sink) {
    const auto& self = *static_cast<const PartCommand*>(list.items);
    self.visit(self.whole_.name_at, self.whole_.name_size, sink);
    for (const SplitKey& key : self.keys_) self.visit(key.request.at, key.size, sink);
  }

  const Whole whole_;
  const std::span<const SplitKey> keys_;
  std::array<char, encoding::header_bytes_max> head_;
  ArgumentList words_{};
  CommandView command_;
};

}  // namespace plimsoll::inline v0

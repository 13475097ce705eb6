#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/command_count.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// A request of any size as one pipeline has it, to be staged in another one. Holds no bytes: the
/// pipeline must keep them until then.
class HandedRequest {
 public:
  /// What makes a node of a cluster run the next command for a slot that it is only just getting.
  static constexpr std::string_view asking = "*1\r\n$6\r\nASKING\r\n";

  enum class Asking : std::uint8_t { no, yes };

  /// `in_front`: so many bytes are left out, such as those of ASKING. `gets`: whether ASKING is put
  /// in front.
  HandedRequest(const Pipeline& pipeline, const Pipeline::Handed& request, std::size_t in_front,
                Asking gets)
      : pipeline_(pipeline), id_(request.id), begin_(in_front), end_(request.bytes) {
    CommandCount count;
    visit([&count](std::string_view piece) { count.add(piece); });
    command_.head_kind = CommandView::Head::counted;
    command_.answer = request.answer;
    command_.answers = static_cast<std::uint16_t>(count.commands());
    if (request.may_resend) command_.effect = CommandView::Effect::read;
    if (gets == Asking::yes) {
      command_.head = asking;
      ++command_.answers;
    }
    all_ = {.items = this, .walk = &walk, .is_encoded = true};
    command_.lists = {&all_, 1};
  }
  HandedRequest(const HandedRequest&) = delete;
  HandedRequest& operator=(const HandedRequest&) = delete;

  /// Lives as long as this object.
  const CommandView& command() const { return command_; }

  /// Calls `take(std::string_view)` with the bytes, in as many pieces as the pipeline has.
  template <class Take>
  void for_each_piece(Take&& take) const {
    visit(take);
  }

 private:
  template <class Visit>
  void visit(Visit&& visit) const {
    std::array<std::string_view, 8> spans;
    for (std::uint64_t at = begin_; at < end_;) {
      const std::size_t count = pipeline_.staged_places(id_, at, end_ - at, spans);
      for (std::size_t i = 0; i < count; ++i) {
        visit(spans[i]);
        at += spans[i].size();
      }
    }
  }
  static void walk(const ArgumentList& list, const ArgumentSink& sink) {
    static_cast<const HandedRequest*>(list.items)->visit(sink);
  }

  const Pipeline& pipeline_;
  const RequestId id_;
  const std::uint64_t begin_;
  const std::uint64_t end_;
  ArgumentList all_{};
  CommandView command_;
};

/// Whether this event of a session is the first of the answers to a request. If the request has
/// ASKING in front and that was refused, the later answers say what becomes of the request.
inline bool is_first_part(Session& session, const Event& event) {
  using Asking = HandedRequest::Asking;
  const std::optional<Pipeline::Handed> request = session.live(session.answered_until());
  if (!request) return false;
  const HandedRequest whole(session.requests(), *request, 0, Asking::no);
  return event.answers_owed + 1 == whole.command().answers;
}

}  // namespace plimsoll::inline v0

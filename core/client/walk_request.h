#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "plimsoll/core/cluster/walk.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/resp/value.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// A SCAN that a caller sends to a cluster, which is one page of a walk (walk.h): what is sent for
/// it to one node, and what the caller gets for the node's answer.
///
/// A node gets SCAN with a cursor of its own and the caller's other words, or a transaction of that
/// and of what SelfReport reads. The caller gets the node's page with the walk's cursor in it, or
/// an empty page.
class WalkRequest {
 public:
  explicit WalkRequest(const Pipeline& pipeline) : pipeline_(pipeline) {}
  WalkRequest(const WalkRequest&) = delete;
  WalkRequest& operator=(const WalkRequest&) = delete;

  /// Reads the request, first of all. The pipeline must keep its bytes as long as this lives. Fails
  /// with invalid_argument if its cursor is none of a walk.
  Status read(const Pipeline::Handed& request);

  /// Decides what to ask, and whom: see Walk::next(). command() is for that then.
  template <class OwnerOf>
  Result<Walk::Step> next(OwnerOf&& owner_of) {
    const Result<Walk::Step> step = walk_.next(std::forward<OwnerOf>(owner_of));
    if (!step) return step;
    ask_ = step->ask;
    cursor_ = step->cursor;
    return step;
  }

  /// The command of one part. Holds no bytes of the caller's: the pipeline must keep them.
  class Command {
   public:
    explicit Command(const WalkRequest& request);
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    /// Lives as long as this object.
    const CommandView& view() const { return view_; }

   private:
    static void walk_words(const ArgumentList& list, const ArgumentSink& sink);
    static void walk_end(const ArgumentList& list, const ArgumentSink& sink);
    void append(std::string_view text);

    const WalkRequest& request_;
    std::size_t head_bytes_ = 0;
    std::array<char, 384> head_;
    std::array<ArgumentList, 2> lists_{};
    CommandView view_{};
  };

  struct Answer {
    /// The error, if a command of a transaction was refused. Views the answer.
    std::optional<Value> refusal = std::nullopt;
    /// The keys: an array. None, if the page is empty.
    std::optional<Value> keys = std::nullopt;
  };
  /// Takes the answer of the node with this key (node_key()) to command(). Fails with
  /// protocol_error if it is none.
  Result<Answer> take(const Value& answer, std::uint64_t node);
  /// The node was lost: the caller gets an empty page.
  Answer take_loss() {
    walk_.take_loss();
    return {};
  }

  /// Whether nothing was done since a slot was done last.
  bool is_in_vain() const { return walk_.state().vain > 0; }

  /// The caller's answer as RESP3, after take(): how long it is, and its bytes. Returns the end.
  std::size_t answer_size(const Answer& answer) const;
  char* write_answer(const Answer& answer, char* out) const;

 private:
  const Pipeline& pipeline_;
  RequestId id_ = 0;
  Walk walk_{};
  std::uint32_t words_at_ = 0;  // the words behind the cursor, as they are encoded
  std::uint32_t words_bytes_ = 0;
  std::uint32_t words_count_ = 0;
  Walk::Ask ask_ = Walk::Ask::page;
  std::uint64_t cursor_ = 0;
};

}  // namespace plimsoll::inline v0

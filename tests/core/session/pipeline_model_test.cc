#include "plimsoll/tests/core/session/pipeline_model.h"

#include <array>
#include <chrono>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/session/piping.h"

// Random work for a Pipeline and for its model; they must agree after every step. A seed that fails
// is printed, and gives the same run again.

namespace plimsoll::pipeline_model_test {
namespace {

using testing::Lines;
using testing::PipelineModel;
using testing::Piping;

constexpr std::size_t requests_max = 40;

class Run {
 public:
  explicit Run(std::uint64_t seed)
      : random_(seed),
        resends_max_(seed % 3 == 0 ? 2 : 0),
        loses_(seed % 4 < 2),
        piping_(options(), tight_memory()) {}

  void step() {
    std::size_t at = below(weights_sum());
    std::size_t kind = 0;
    while (at >= weights_[kind]) at -= weights_[kind++];
    switch (kind) {
      case 0: submit(); break;
      case 1: transmit(); break;
      case 2: written(); break;
      case 3: reply(); break;
      case 4: cancel(); break;
      case 5: end_some(below(3)); break;
      case 6:
        if (loses_ && below(4) == 0) lose_connection();
        break;
      default: pass_time(); break;
    }
    pipeline().validate();
    require(pipeline().next() == model_.next(), "another reply is due");
    require(pipeline().next_deadline() <= model_.earliest_deadline(), "a deadline is missed");
    require(!model_.has_unsent() || pipeline().has_unsent(), "unsent bytes are forgotten");
    check_answered();
  }

  void lose_for_good() {
    Lines expected;
    for (const Ended& ended : model_.lost()) expected.push_back(testing::show(ended));
    CHECK(piping_.lost() == expected);
    finish();
  }

  void work_off() {
    while (model_.size() > 0) {
      end_some(SIZE_MAX);
      if (model_.given_bytes() > 0) written();
      transmit();
      reply();
    }
    finish();
  }

  std::size_t submitted() const { return last_tag_; }
  std::size_t refused() const { return refused_; }
  std::size_t ended() const { return ended_; }
  std::size_t losses() const { return losses_; }
  std::size_t taken() const { return taken_; }

 private:
  // How often each kind of step comes: another mix in every run.
  std::array<std::size_t, 8> random_weights() {
    std::array<std::size_t, 8> weights;
    for (std::size_t& weight : weights) weight = 1 + below(8);
    return weights;
  }

  std::size_t weights_sum() const {
    return std::accumulate(weights_.begin(), weights_.end(), std::size_t{0});
  }

  // So little that requests are refused now and then: the pool has eight segments.
  static BudgetOptions tight_memory() { return {.memory_limit = 2 * 1024 * 1024}; }

  Pipeline::Options options() const {
    return {.requests_max = requests_max, .read_resends_max = resends_max_};
  }

  Pipeline& pipeline() { return piping_.pipeline(); }

  std::size_t below(std::size_t end) { return random_() % end; }

  void require(bool condition, const char* otherwise) {
    if (!condition) FAIL(otherwise);
  }

  std::string bytes_of(Tag tag) {
    constexpr std::size_t large_sizes[] = {small_segment_capacity - 1, small_segment_capacity,
                                           small_segment_capacity + 1, segment_capacity - 3,
                                           segment_capacity,           segment_capacity + 1,
                                           segment_capacity * 2 + 5};
    const std::size_t size = below(12) == 0 ? large_sizes[below(7)] : 1 + below(300);
    std::string bytes = std::to_string(tag);
    bytes.resize(size, static_cast<char>('a' + tag % 26));
    return bytes;
  }

  void submit() {
    const Tag tag = ++last_tag_;
    std::string bytes = bytes_of(tag);
    const Instant deadline = below(2) == 0 ? never : now_ + std::chrono::seconds(1 + below(20));
    const bool full = model_.size() >= requests_max;
    const bool idle = model_.size() == 0;
    CommandView command = testing::raw(bytes);
    const bool is_read = below(2) == 0;
    if (is_read) command.effect = CommandView::Effect::read;
    const Result<RequestId> id = pipeline().submit(command, deadline, tag);
    if (id) {
      require(!full, "more requests than the limit");
      staged_end_ = *id + bytes.size();
      model_.submit(*id, tag, std::move(bytes), deadline, is_read ? resends_max_ : 0);
      return;
    }
    ++refused_;
    require(id.error().code == ErrorCode::rejected_by_limit, "refused for another reason");
    require(!idle || searching_, "refused although nothing is in flight");
  }

  // To the point where nobody is about to be told of an end; until then it may lag behind.
  void check_answered() {
    const RequestId until = pipeline().answered_until();
    require(until >= answered_until_, "what was answered is unanswered again");
    answered_until_ = until;
    const std::optional<RequestId> first = model_.first_unanswered_id();
    require(!first || until <= *first, "a request is called answered that is not");
    if (searching_) return;
    require(first ? until == *first : until >= staged_end_,
            "one that is answered is not called so");
  }

  void transmit() {
    if (model_.given_bytes() > 0) return;
    const bool searching = pipeline().searching();
    const std::string text = piping_.transmit(1 + below(6));
    if (searching) return require(text.empty(), "what may have ended is sent");
    require(model_.give(text), "other bytes than those that were staged");
    require(!text.empty() || !model_.has_unsent(), "nothing is given of what is staged");
  }

  void written() {
    const std::size_t given = model_.given_bytes();
    const std::size_t taken = below(2) == 0 ? given : below(given + 1);
    pipeline().handle_written(taken);
    model_.take(taken);
  }

  void reply() {
    if (model_.next() == Pipeline::Next::nothing) return;
    if (below(2) == 0) return reply_to_some();
    require(pipeline().take_next() == model_.take_next(), "the reply is another request's");
  }

  // As many short replies come in one turn as a session may take the short way.
  void reply_to_some() {
    const RequestId begin = pipeline().answered_until();
    RequestId end = begin;
    for (std::size_t left = 1 + below(8); left > 0 && pipeline().is_next_plain_at(end); --left) {
      require(pipeline().take_plain(end) == model_.take_next(), "the reply is another request's");
      ++taken_;
    }
    pipeline().give_up_plain(begin, end);
  }

  void cancel() {
    // Mostly one that exists, sometimes one that is long gone.
    const RequestId id = model_.id_at(below(requests_max)).value_or(below(last_tag_ + 1));
    pipeline().cancel(id);
    model_.cancel(id);
    searching_ = true;
  }

  void end_some(std::size_t count_max) {
    for (std::size_t count = 0; count < count_max; ++count) {
      const std::optional<Ended> ended = pipeline().next_ended();
      if (!ended) {
        searching_ = false;
        require(!model_.has_overdue(searched_), "a request should have ended");
        require(pipeline().size() == model_.size(), "the sizes differ");
        return;
      }
      ++ended_;
      require(model_.end(*ended, now_), "a request should not have ended so");
    }
  }

  void lose_connection() {
    end_some(SIZE_MAX);
    ++losses_;
    Lines expected;
    for (const Ended& ended : model_.lose_connection()) expected.push_back(testing::show(ended));
    pipeline().handle_connection_lost();
    pipeline().validate();
    CHECK(piping_.ended() == expected);
    pipeline().validate();
    pipeline().restart();
    model_.restart();
    require(pipeline().size() == model_.size(), "other requests are left");
  }

  void pass_time() {
    now_ += std::chrono::seconds(below(4));
    pipeline().handle_timeout(now_);
    searched_ = now_;
    searching_ = true;
  }

  void finish() {
    require(pipeline().size() == 0, "requests are left");
    require(pipeline().next_deadline() == never || model_.size() == 0, "a deadline is left");
    require(piping_.memory().bytes_in_use() == 0, "memory is left");
  }

  std::mt19937_64 random_;
  const std::uint8_t resends_max_;
  // Whether it loses connections. After a loss it takes long until several may be taken at once.
  const bool loses_;
  const std::array<std::size_t, 8> weights_ = random_weights();
  Piping piping_;
  PipelineModel model_;
  Instant now_{};
  Instant searched_ = Instant::min();  // what was overdue then must have ended
  bool searching_ = false;
  Tag last_tag_ = 0;
  RequestId staged_end_ = 0;
  RequestId answered_until_ = 0;
  std::size_t refused_ = 0;
  std::size_t ended_ = 0;
  std::size_t losses_ = 0;
  std::size_t taken_ = 0;
};

TEST_CASE("whatever happens in whatever order, a pipeline does what its model does") {
  std::size_t submitted = 0;
  std::size_t refused = 0;
  std::size_t ended = 0;
  std::size_t losses = 0;
  std::size_t taken = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Run run(seed);
    for (int step = 0; step < 600; ++step) run.step();
    if (seed % 2 == 0) {
      run.lose_for_good();
    } else {
      run.work_off();
    }
    submitted += run.submitted();
    refused += run.refused();
    ended += run.ended();
    losses += run.losses();
    taken += run.taken();
  }
  // Each kind of outcome has been seen often.
  CHECK(submitted > 10'000);
  CHECK(refused > 100);
  CHECK(ended > 1'000);
  CHECK(losses > 500);
  CHECK(taken > 250);
}

}  // namespace
}  // namespace plimsoll::pipeline_model_test

// What one caller of the cluster demo asked of one list and one counter, and what became of it.
//
// The caller counts in steps: 0, 1, 2... A step is three requests for one slot, none of them
// awaited: RPUSH the step's number to the list, INCR the counter, and read the end of the list.
// audit() compares what the list holds, and all replies, with what a cluster owes to one client:
// each request runs in the order of its submission, once, unless its error says otherwise.
//
// A ledger knows no client, so tests can write into it what no client should see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::demo {

/// What a caller was told of a request.
enum class Fate : std::uint8_t {
  pending,
  acknowledged,
  in_doubt,  ///< an error that says that the request may have run
  not_run    ///< an error that promises that it has not
};

/// What is wrong with the data, by kind; `gone_with_primary` is not.
struct Findings {
  std::size_t out_of_order = 0;  ///< ran behind a request that was submitted later
  std::size_t twice = 0;         ///< ran more than once
  std::size_t lost = 0;          ///< acknowledged, and has not run
  std::size_t phantoms = 0;      ///< ran, although nobody asked, or an error had promised that not
  std::size_t stale = 0;         ///< a read that misses what was acknowledged before it
  std::size_t early = 0;         ///< a read that shows what was submitted after it

  /// Acknowledged by a primary that was killed before its replica had it. Replication in Valkey is
  /// asynchronous, so the client can neither prevent nor see that.
  std::size_t gone_with_primary = 0;

  [[nodiscard]] std::size_t wrong() const {
    return out_of_order + twice + lost + phantoms + stale + early;
  }
  Findings& operator+=(const Findings& other);
  bool operator==(const Findings&) const = default;
};

/// "2 lost, 1 twice": what is wrong; empty if nothing is.
std::string to_text(const Findings& findings);

class Ledger {
 public:
  /// Begins a step, and returns its number.
  std::size_t begin();

  void settle_push(std::size_t step, Fate fate) { steps_[step].push = fate; }
  /// `reply` is the counter, if the fate is `acknowledged`.
  void settle_count(std::size_t step, Fate fate, std::int64_t reply = 0);
  /// What the list ended with. Without a call, the read has failed, which says nothing.
  void settle_read(std::size_t step, std::int64_t reply) { steps_[step].read = reply; }

  /// The primary was killed. Of the steps that were begun so far, it may have acknowledged some
  /// that its replica does not have: one row of them, behind which come those that the replica ran.
  void primary_died() {
    died_at_ = steps_.size();
    ++deaths_;
  }

  [[nodiscard]] std::size_t size() const { return steps_.size(); }

  /// What is wrong, if the list holds these numbers. All requests have to be settled.
  [[nodiscard]] Findings audit(std::span<const std::int64_t> list) const;

 private:
  static constexpr std::int64_t not_read = -1;
  struct Step {
    Fate push = Fate::pending;
    Fate count = Fate::pending;
    std::int64_t counted = 0;
    std::int64_t read = not_read;
  };

  void audit_list(std::span<const std::int64_t> list, std::vector<bool>& is_there,
                  Findings& findings) const;
  void audit_counts(Findings& findings) const;
  void audit_reads(const std::vector<bool>& is_there, Findings& findings) const;

  std::vector<Step> steps_;
  std::size_t died_at_ = 0;
  std::size_t deaths_ = 0;
};

}  // namespace plimsoll::demo

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// How much each token has of what all clients of a user share, in one thread: connections for
// commands that block, names of channels. One token may not have all of it, so that others find
// some. A token without any has no entry.

namespace plimsoll::bridge {

class TokenCounts {
  using Counts = std::map<std::string, std::size_t, std::less<>>;

 public:
  /// How much of `places` a token may have: all but a quarter, but one at least.
  static constexpr std::size_t share_of(std::size_t places) {
    return places > 1 ? places - (places + 3) / 4 : places;
  }

  /// What one connection of a token has. Gives it back at its end, also if the counts are gone.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&& other) noexcept {
      std::swap(counts_, other.counts_);
      std::swap(token_, other.token_);
      std::swap(count_, other.count_);
      return *this;
    }
    ~Hold() { resize(0); }

    std::size_t count() const { return count_; }
    void resize(std::size_t count) {
      if (counts_ == nullptr || count == count_) return;
      std::size_t& of_token = (*counts_)[token_];
      of_token += count - std::exchange(count_, count);
      if (of_token == 0) counts_->erase(token_);
    }

   private:
    friend class TokenCounts;

    std::shared_ptr<Counts> counts_;
    std::string token_;
    std::size_t count_ = 0;
  };

  /// For a connection of this token, which has so many already.
  Hold hold(std::string_view token, std::size_t count = 0) {
    Hold made;
    made.counts_ = counts_;
    made.token_ = token;
    made.resize(count);
    return made;
  }

  std::size_t of(std::string_view token) const {
    const auto found = counts_->find(token);
    return found == counts_->end() ? 0 : found->second;
  }

 private:
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace plimsoll::bridge

#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/held_words.h"

// Walks over all keys of a database, or over all elements of one key, page by page.
//
//   native::ScanOptions options;
//   options.pattern = "user:*";
//   native::KeyScan scan(client, options);
//   while (auto page = co_await scan.next()) {
//     for (const std::string& key : *page) ...
//   }
//
// What the server promises, and the client in a cluster: an element that is there during the whole
// walk comes at least once, and may come more than once. An element that is added or removed
// meanwhile may come or not. A page may be empty before the walk is over. `count` says how much
// work the server does for a page, not how many elements the page has.

namespace plimsoll::inline v0::native {

namespace detail {

/// The state of a walk. The scan and the page request under way share it.
class ScanState {
 public:
  /// `before` and `after` are the command's words before and after the cursor.
  ScanState(HeldWords before, HeldWords after)
      : before_(std::move(before)), after_(std::move(after)) {}

  /// False if the requests pool had no room for size() bytes of words.
  bool has_words() const { return before_ && after_; }
  std::size_t size() const { return before_.size() + after_.size(); }
  const std::string& cursor() const { return cursor_; }
  bool is_over() const { return over_; }
  void advance(std::string cursor);
  /// Calls `submit(const CommandView&)` with the command for the next page.
  template <class Submit>
  void request(Submit&& submit) const {
    std::vector<std::string_view> words(before_.words().begin(), before_.words().end());
    words.push_back(cursor_);
    words.insert(words.end(), after_.words().begin(), after_.words().end());
    CommandView command;
    command.args = words;
    command.effect = CommandView::Effect::read;
    submit(command);
  }

  std::atomic<bool> busy{false};  // a page request is under way

 private:
  const HeldWords before_;
  const HeldWords after_;
  std::string cursor_ = "0";
  bool over_ = false;
};

/// Fetches a page, once it is started.
struct PageRequest {
  Channel channel;
  std::shared_ptr<ScanState> state;

  void operator()(Operation& operation) const;
};

std::shared_ptr<ScanState> scan_state(const Channel& client,
                                      std::initializer_list<std::string_view> before,
                                      const std::optional<std::string_view>& pattern,
                                      const std::optional<std::int64_t>& count,
                                      const std::optional<std::string_view>& type);

}  // namespace detail

/// A walk. Move-only. Elements are std::string, FieldValue or Scored. The requests pool pays for
/// the words of its command; if it has no room, next() fails with rejected_by_limit.
template <class Element>
class Scan {
 public:
  using Page = std::optional<std::vector<Element>>;

  Scan(Scan&&) = default;
  Scan& operator=(Scan&&) = default;
  ~Scan() = default;

  /// Fetches the next page; none: the walk is over. Only one page may be under way at a time, or
  /// the call fails with rejected_by_limit. After an error or a cancellation, call next() again for
  /// the same page. Other errors: those of any command.
  template <CompletionToken Token = Start>
  auto next(Token&& token = Token()) {
    return initiate<Page>(channel_.driver->origin(), detail::PageRequest{channel_, state_},
                          Result<Page>(), std::forward<Token>(token));
  }

  /// The cursor of the next page: an unsigned 64-bit number in decimal digits, which means
  /// something to this server only. Over the keys of a cluster it is a text of up to 5.5 KiB,
  /// "walk1-...", which means something to this cluster only. "0" before the first page and after
  /// the last one. Do not call it while a page is under way.
  const std::string& cursor() const { return state_->cursor(); }

 protected:
  Scan(Channel channel, std::shared_ptr<detail::ScanState> state)
      : channel_(std::move(channel)), state_(std::move(state)) {}

 private:
  Channel channel_;
  std::shared_ptr<detail::ScanState> state_;
};

/// SCAN: the keys of the database.
class KeyScan : public Scan<std::string> {
 public:
  explicit KeyScan(const Channel& client, const ScanOptions& options = {})
      : Scan(client,
             detail::scan_state(client, {"SCAN"}, options.pattern, options.count, options.type)) {}
};

/// HSCAN: the fields of a hash, with their values.
class HashScan : public Scan<FieldValue> {
 public:
  HashScan(const Channel& client, std::string_view key, const HscanOptions& options = {})
      : Scan(client, detail::scan_state(client, {"HSCAN", key}, options.pattern, options.count,
                                        std::nullopt)) {}
};

/// SSCAN: the members of a set.
class SetScan : public Scan<std::string> {
 public:
  SetScan(const Channel& client, std::string_view key, const SscanOptions& options = {})
      : Scan(client, detail::scan_state(client, {"SSCAN", key}, options.pattern, options.count,
                                        std::nullopt)) {}
};

/// ZSCAN: the members of a sorted set, with their scores.
class SortedSetScan : public Scan<Scored> {
 public:
  SortedSetScan(const Channel& client, std::string_view key, const ZscanOptions& options = {})
      : Scan(client, detail::scan_state(client, {"ZSCAN", key}, options.pattern, options.count,
                                        std::nullopt)) {}
};

}  // namespace plimsoll::inline v0::native

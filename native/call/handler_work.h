#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>

namespace plimsoll::inline v0::native::detail {

namespace asio = boost::asio;

// Means "the handler has no executor of its own": such a handler runs on the client's executor.
struct NoExecutor {};

template <class Handler>
inline constexpr bool has_own_executor =
    !std::is_same_v<asio::associated_executor_t<Handler, NoExecutor>, NoExecutor>;

/// Whether the handler has an executor of its own, and that belongs to `context`. An executor of a
/// user's class need not say what it belongs to.
template <class Handler>
bool is_on(const Handler& handler, const asio::execution_context& context) {
  using Executor = asio::associated_executor_t<Handler, NoExecutor>;
  if constexpr (asio::can_query<const Executor&, asio::execution::context_t>::value) {
    const auto own = asio::associated_executor<Handler, NoExecutor>::get(handler, {});
    return &asio::query(own, asio::execution::context) == &context;
  }
  return false;
}

// Where a handler runs: on its own executor, or, if that is the client's or the handler has none,
// at once, because operations complete on the client's. Until then it keeps work outstanding on an
// executor of the handler's own, so that its context does not stop before. The client's context
// runs as long as the client is open (connect()).
template <class Handler, bool = has_own_executor<Handler>>
class HandlerWork {
 public:
  HandlerWork(const Handler&, const asio::any_io_executor&) {}

  static constexpr bool is_elsewhere() { return false; }
};

template <class Handler>
class HandlerWork<Handler, true> {
  using Executor = asio::associated_executor_t<Handler, NoExecutor>;
  using Work = std::decay_t<decltype(asio::prefer(std::declval<const Executor&>(),
                                                  asio::execution::outstanding_work.tracked))>;

 public:
  HandlerWork(const Handler& handler, const asio::any_io_executor& client) {
    const auto own = asio::associated_executor<Handler, NoExecutor>::get(handler, {});
    if (!is_equal(own, client)) {
      work_.emplace(asio::prefer(own, asio::execution::outstanding_work.tracked));
    }
  }

  bool is_elsewhere() const { return work_.has_value(); }

  /// The executor to dispatch to, which keeps the work outstanding. Call it once, and only if
  /// is_elsewhere().
  Work take() { return std::move(*work_); }

 private:
  static bool is_equal(const Executor& own, const asio::any_io_executor& other) {
    if constexpr (std::is_same_v<Executor, asio::any_io_executor>) {
      return own == other;
    } else {
      const Executor* const same = other.target<Executor>();
      return same != nullptr && *same == own;
    }
  }

  std::optional<Work> work_;
};

}  // namespace plimsoll::inline v0::native::detail

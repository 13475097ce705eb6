#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/core/memory/box.h"

// The credit windows of a hosted client: one for each connection whose peer sends no more than it
// is granted, as a bridge does. HostedClient owns this. The windows form a list, so that a client
// over TCP, which has none, pays for one pointer only.

namespace plimsoll::wasm {

class HostedCredits {
 public:
  HostedCredits() = default;
  HostedCredits(const HostedCredits&) = delete;
  HostedCredits& operator=(const HostedCredits&) = delete;
  ~HostedCredits();

  /// Opens the window of a connection; `replies` pays for it. Returns how many bytes to grant the
  /// peer first. Returns 0, and opens no window, if there is no memory for the smallest grant.
  std::size_t open(std::uint32_t connection, Account& replies);

  /// Ends the window of a connection, if it has one.
  void end(std::uint32_t connection);

  /// Returns the window of a connection; null if its peer uses no credits.
  CreditWindow* find(std::uint32_t connection) const;

  /// Returns the bytes charged for all windows.
  std::size_t charged_bytes() const;

 private:
  struct Window {
    Window(Account& replies, std::uint32_t of) : window(replies), connection(of) {}

    CreditWindow window;
    std::uint32_t connection;
    Box<Window> next;
  };

  Box<Window> first_;
};

}  // namespace plimsoll::wasm

#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/log.h"
#include "plimsoll/native/plain_text.h"

// What a driver tells besides outcomes: to Options::on_connection, and to whoever runs the process.

namespace plimsoll::native {
namespace {

// Tells Options::on_connection, in its turn among the outcomes.
class ConnectionNotice final : public Operation {
 public:
  using Warn = void (*)(const Driver& driver, std::string_view why);

  /// `warn`, if not null, is told why, too.
  ConnectionNotice(const Driver& driver, ConnectionEvent::Kind kind, Warn warn)
      : Operation(false), driver_(driver), event_{.kind = kind}, warn_(warn) {}

  using Operation::handle_submitted;
  void handle_submitted(Driver&, RequestId) override {}
  bool deliver(const Delivery& delivery) noexcept override {
    Result<void> why;
    if (!take(delivery, why)) event_.error = why.error();
    return true;
  }
  void complete() override {
    const std::unique_ptr<ConnectionNotice> self(this);
    if (warn_ != nullptr) warn_(driver_, event_.error ? event_.error->what() : "");
    if (driver_.options().on_connection) driver_.options().on_connection(event_);
  }
  void destroy() override { delete this; }

 private:
  friend struct std::default_delete<ConnectionNotice>;
  ~ConnectionNotice() = default;

  const Driver& driver_;
  ConnectionEvent event_;
  const Warn warn_;
};

}  // namespace

// Where there is no memory for a notice there is none: outcomes come behind it.
void Driver::notify(ConnectionEvent::Kind kind, const Delivery& delivery, OperationList& ready) {
  const auto warning = warning_of(kind, delivery);
  if (!target_.options.on_connection && warning == nullptr) return;
  auto* const notice = new (std::nothrow) ConnectionNotice(*this, kind, warning);
  if (notice == nullptr) return;
  notice->deliver(delivery);
  ready.push(*notice);
}

// Whether those who run the process should know, whatever the application makes of it. A client
// that never was connected fails its connect(), which says why.
Driver::Warning Driver::warning_of(ConnectionEvent::Kind kind, const Delivery& delivery) {
  switch (kind) {
    case ConnectionEvent::Kind::connected:
    case ConnectionEvent::Kind::disconnected: return nullptr;
    case ConnectionEvent::Kind::closed:
      if (delivery.error->code == ErrorCode::closed || connecting_ != nullptr) return nullptr;
      return [](const Driver& driver, std::string_view why) {
        driver.warn("plimsoll.client.gave_up", "has given up to connect", why);
      };
    case ConnectionEvent::Kind::credentials_refused:
      if (!io_->refused_warning.is_due(now())) return nullptr;
      return [](const Driver& driver, std::string_view why) {
        driver.warn("plimsoll.client.credentials_refused", "was refused new credentials", why);
      };
  }
  return nullptr;
}

void Driver::warn(std::string_view event_name, std::string_view what, std::string_view why) const {
  const std::string number = std::to_string(io_->owner);
  const std::string server = target_.endpoint.to_string();
  std::string body = "client " + number;
  if (!options().client_name.empty()) body += " (" + options().client_name + ")";
  body.append(" of ").append(server).append(" ").append(what).append(": ");
  body.append(plain_text(why, why.size()));  // the server's words may be in it
  log(Severity::warn, event_name, body,
      {{.name = "plimsoll.client", .value = number}, {.name = "server.address", .value = server}});
}

// To a cache it matters who the main connection is.
void Driver::note_shown(const Connection& connection, std::string_view text) {
  if (connection.id() != first_connection || core_.near_cache() == nullptr) return;
  const std::lock_guard lock(mutex_);
  core_.set_shown(text);
}

void Driver::handle_tls_files_read() {
  const std::string& problem = io_->tls->problem();
  {
    const std::lock_guard lock(mutex_);
    tls_problem_ = problem;
  }
  if (problem.empty() || !io_->tls_warning.is_due(now())) return;
  warn("plimsoll.client.tls_files_unreadable", "goes on with what its TLS files were", problem);
}

}  // namespace plimsoll::native

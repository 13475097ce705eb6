#include "plimsoll/native/driver/tracing.h"

#include <algorithm>
#include <span>
#include <string>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/reply.h"

namespace plimsoll::inline v0::native {
namespace {

using Name = std::array<char, operation_name_bytes_max>;

bool is_name_byte(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool is_digit = c >= '0' && c <= '9';
  return is_letter || is_digit || c == '.' || c == '_' || c == '-' || c == '|';
}

bool is_name(std::string_view word) {
  return !word.empty() && word.size() <= operation_name_bytes_max &&
         std::all_of(word.begin(), word.end(), is_name_byte);
}

// Returns a literal, or a view of the command table or of `spelled`.
std::string_view operation_name(const CommandView& command, Name& spelled) {
  if (command.answers > 1) return "MULTI";
  if (const commands::Row* const row = commands::row_of(command)) {
    const std::string_view name = row->name_view();
    if (name.find('|') == name.npos || name.size() > spelled.size()) return name;
    std::replace_copy(name.begin(), name.end(), spelled.begin(), '|', ' ');
    return {spelled.data(), name.size()};
  }
  commands::FirstWords first;
  first.take(command);
  const std::span<const std::string_view> words = first.words();
  if (words.empty() || !is_name(words[0])) return "unknown";
  std::copy(words[0].begin(), words[0].end(), spelled.begin());
  return {spelled.data(), words[0].size()};
}

// A transaction has two answers more than commands, for MULTI and EXEC. A single command is no
// batch.
std::size_t batch_size(const CommandView& command) {
  return command.answers > 3 ? command.answers - 2U : 0;
}

TracedClient describe(const Endpoint& endpoint, const Target& target, std::uint64_t owner) {
  TracedClient client;
  const bool is_unix = endpoint.kind == Endpoint::Kind::unix_socket;
  client.server_address = is_unix ? endpoint.path : endpoint.host;
  client.server_port = is_unix ? std::uint16_t{0} : endpoint.port;
  client.network_transport = is_unix ? "unix" : "tcp";
  client.database_namespace = std::to_string(target.options.database);
  client.client_name = target.options.client_name;
  client.client = owner;
  return client;
}

}  // namespace

Tracing::Tracing(const Target& target, std::uint64_t owner) : target_(target), owner_(owner) {
  if (target.primary_name.empty()) {
    set_server(target.endpoints.front());
    return;
  }
  // Until sentinels have told an address, the name under which they watch the primary stands for
  // it.
  Endpoint named;
  named.host = target.primary_name;
  named.port = 0;
  set_server(named);
}

void Tracing::set_server(const Endpoint& server) {
  auto next = std::make_shared<const Shared>(
      Shared{.tracer = target_.options.tracer, .client = describe(server, target_, owner_)});
  const Lock lock(mutex_);
  std::swap(current_, next);
}

Operation& Tracing::begin(const CommandView& command, Operation& outer) {
  Name spelled;
  std::shared_ptr<const Shared> shared;
  {
    const Lock lock(mutex_);
    shared = current_;
  }
  void* const span = shared->tracer->begin({.client = shared->client,
                                            .operation_name = operation_name(command, spelled),
                                            .batch_size = batch_size(command)});
  return span == nullptr ? outer : *new TracedOperation(std::move(shared), span, outer);
}

bool TracedOperation::deliver(const Delivery& delivery) noexcept {
  if (delivery.failure != nullptr) {
    error_type_ = name(delivery.failure->code());
  } else if (delivery.error != nullptr) {
    error_type_ = name(delivery.error->code);
    if (delivery.value != nullptr) take_status_code(*delivery.value);
  }
  return outer_->deliver(delivery);
}

void TracedOperation::take_status_code(const Value& reply) {
  const auto words = reply.as_error();
  if (!words) return;
  const std::string text = to_string(*words);
  const std::size_t bytes = std::min({text.find(' '), text.size(), status_code_.size()});
  std::copy_n(text.begin(), bytes, status_code_.begin());
  status_code_bytes_ = static_cast<std::uint8_t>(bytes);
  if (bytes > 0) error_type_ = {};
}

Operation& TracedOperation::end(std::string_view error_type) {
  Operation& outer = *outer_;
  shared_->tracer->end(span_, {.error_type = error_type, .status_code = status_code()});
  delete this;
  return outer;
}

void TracedOperation::complete() {
  end(error_type_.empty() ? status_code() : error_type_).complete();
}

void TracedOperation::destroy() { end("abandoned").destroy(); }

}  // namespace plimsoll::inline v0::native

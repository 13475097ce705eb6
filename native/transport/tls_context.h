#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plimsoll/result.h"
#include "plimsoll/tls_options.h"

// What the TLS connections of a client share: the settings, made of TlsOptions and the files that
// they name, and the last session, which makes the next handshake a short one. Or what those of a
// server do. Not thread-safe: the client's turns use it, one at a time.

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace plimsoll::native {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_session_st* session) const;
};

class TlsContext {
 public:
  /// For connections to `host`, unless the options have another name. invalid_option names the
  /// field, and the file.
  static Result<std::unique_ptr<TlsContext>> create(const TlsOptions& options,
                                                    const std::string& host);
  /// For connections that others make to here: of the options, certificate_file and key_file have
  /// to be there, and whom to trust means nothing.
  static Result<std::unique_ptr<TlsContext>> create_server(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool is_server() const { return role_ == Role::server; }

  /// For a new connection; it must not outlive this. Reads files again that have changed; if that
  /// fails, problem() says why, and what was read before stays in force. Null: out of memory.
  std::unique_ptr<ssl_st, FreeSsl> open();

  /// Why the files could not be read again the last time that it was tried; empty: they could.
  const std::string& problem() const { return problem_; }

  /// What a connection that was just made by open() says who it is by: the digest of the client's
  /// certificate; empty: it has none.
  std::string own_certificate() const;

  /// Whose certificate the server has to have.
  const std::string& wanted() const { return name_; }

  const TlsOptions& options() const { return options_; }

  /// A session to resume has come (OpenSSL's callback).
  void keep_session(const ssl_session_st& session);

 private:
  // What tells that a file is another one than before.
  struct Stamp {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::int64_t size = -1;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 4>;

  enum class Role : std::uint8_t { client, server };

  TlsContext(Role role, const TlsOptions& options, const std::string& host);
  static Result<std::unique_ptr<TlsContext>> make(Role role, const TlsOptions& options,
                                                  const std::string& host);
  Result<void> set_up_client(ssl_ctx_st* context);
  Stamps look_at_files() const;
  static Stamp look_at(const std::string& path);
  Result<void> read();

  const Role role_;
  const TlsOptions options_;
  std::string name_;
  bool name_is_address_ = false;
  Stamps stamps_{};
  std::string problem_;
  std::unique_ptr<ssl_ctx_st, FreeSsl> context_;
  std::unique_ptr<ssl_session_st, FreeSsl> session_;
};

}  // namespace plimsoll::native

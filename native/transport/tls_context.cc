#include "plimsoll/native/transport/tls_context.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "plimsoll/native/base/openssl.h"
#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/transport/tls_problem.h"

namespace plimsoll::inline v0::native {
namespace {

// Lets one system call read several records of a large reply.
constexpr std::size_t read_buffer_bytes = 64 * 1024;

Error invalid(std::string_view field, std::string_view text) {
  std::string all = "tls.";
  all.append(field).append(": ").append(text);
  return Error(ErrorCode::invalid_option, Executed::no, all);
}

// Names the file and what is wrong with it. For a file that does not exist, OpenSSL's first error
// is the system's, so errno is used instead.
Error bad_file(std::string_view field, const std::string& path) {
  struct ::stat status{};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  const std::string reason = is_there ? take_openssl_reason() : std::strerror(errno);
  ERR_clear_error();
  return invalid(field, path + ": " + reason);
}

// Gives OpenSSL the key's password. Without this callback OpenSSL would ask at the terminal.
int give_key_password(char* buffer, int size, int, void* data) {
  const auto& options = *static_cast<const TlsOptions*>(data);
  try {
    const std::string password =
        options.ask_key_password ? options.ask_key_password() : options.key_password;
    if (password.size() > static_cast<std::size_t>(size)) return -1;
    std::copy(password.begin(), password.end(), buffer);
    return static_cast<int>(password.size());
  } catch (const std::exception&) {
    return -1;
  }
}

// Where a connection keeps the number of its name (TlsContext::name_number_).
int name_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int handle_session(SSL* ssl, SSL_SESSION* session) {
  auto* const context = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  context->keep_session(*session,
                        reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(ssl, name_index())));
  return 0;  // OpenSSL keeps ownership
}

Result<void> check_are_files(const TlsOptions& options) {
  for (const auto& [field, file] : {std::pair("ca_file", &options.ca_file),
                                    std::pair("certificate_file", &options.certificate_file),
                                    std::pair("key_file", &options.key_file)}) {
    const char* const reason = reason_against_opening(*file);
    if (reason != nullptr) return invalid(field, *file + ": " + reason);
  }
  return {};
}

Result<void> trust(SSL_CTX* context, const TlsOptions& options) {
  if (options.ca_file.empty() && options.ca_directory.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return invalid("ca_file", "the system's store cannot be read: " + take_openssl_reason());
  }
  if (const std::string& file = options.ca_file; !file.empty()) {
    if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) return bad_file("ca_file", file);
  }
  if (const std::string& directory = options.ca_directory; !directory.empty()) {
    struct ::stat status{};
    const bool is_there = ::stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (!is_there) return invalid("ca_directory", directory + ": no such directory");
    if (SSL_CTX_load_verify_dir(context, directory.c_str()) != 1) {
      return bad_file("ca_directory", directory);
    }
  }
  return {};
}

Result<void> identify(SSL_CTX* context, const TlsOptions& options) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return invalid(options.key_file.empty() ? "key_file" : "certificate_file",
                   "is missing; a client certificate wants both");
  }
  if (options.certificate_file.empty()) return {};
  const char* const certificate = options.certificate_file.c_str();
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
    return bad_file("certificate_file", certificate);
  }
  // OpenSSL has a place for each type of key, and compares a key only with the certificate in its
  // own place. Without the second check a key of another type would leave both without a partner.
  X509* const shown = SSL_CTX_get0_certificate(context);
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      X509_check_private_key(shown, SSL_CTX_get0_privatekey(context)) != 1) {
    return bad_file("key_file", options.key_file);
  }
  return {};
}

Result<void> choose_ciphers(SSL_CTX* context, const TlsOptions& options) {
  const bool newest = options.min_version == TlsOptions::Version::tls_1_3;
  SSL_CTX_set_min_proto_version(context, newest ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1) {
    return invalid("ciphers", take_openssl_reason());
  }
  if (!options.ciphersuites.empty() &&
      SSL_CTX_set_ciphersuites(context, options.ciphersuites.c_str()) != 1) {
    return invalid("ciphersuites", take_openssl_reason());
  }
  return {};
}

// Removes the zone of an IPv6 address, and the dot that ends a full name.
std::string plain_name(std::string name) {
  name.erase(std::min(name.find('%'), name.size()));
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void FreeSsl::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void FreeSsl::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

TlsContext::TlsContext(Role role, const TlsOptions& options, const std::string& host)
    : role_(role),
      options_(options),
      files_({options.ca_file, options.ca_directory, options.certificate_file, options.key_file}) {
  set_name(host);
}

// The session of one host must not be resumed with another: it would not be verified whether the
// other has a certificate for its own name.
void TlsContext::set_name(const std::string& host) {
  std::string name = plain_name(options_.server_name.empty() ? host : options_.server_name);
  if (name == name_ && name_number_ != 0) return;
  name_ = std::move(name);
  ++name_number_;
  session_.reset();
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(name_, not_an_address);
  name_is_address_ = !not_an_address;
}

TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TlsOptions& options,
                                                       const std::string& host) {
  return make(Role::client, options, host);
}

Result<std::unique_ptr<TlsContext>> TlsContext::create_server(const TlsOptions& options) {
  if (options.certificate_file.empty()) {
    return invalid("certificate_file", "is missing; a server has to have one");
  }
  return make(Role::server, options, "");
}

Result<std::unique_ptr<TlsContext>> TlsContext::make(Role role, const TlsOptions& options,
                                                     const std::string& host) {
  keep_openssl();
  std::unique_ptr<TlsContext> context(new TlsContext(role, options, host));
  if (const Result<void> read = context->read(); !read) return read.error();
  return context;
}

Result<void> TlsContext::read() {
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, FreeSsl> context(
      SSL_CTX_new(is_server() ? TLS_server_method() : TLS_client_method()));
  if (!context) return invalid("enabled", take_openssl_reason());
  SSL_CTX_set_app_data(context.get(), this);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // So that an idle connection holds no buffers.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  // Not for strangers: a client could fill it before its handshake is complete.
  if (!is_server()) SSL_CTX_set_default_read_buffer_len(context.get(), read_buffer_bytes);
  SSL_CTX_set_default_passwd_cb(context.get(), &give_key_password);
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), const_cast<TlsOptions*>(&options_));
  if (const auto done = check_are_files(options_); !done) return done.error();
  if (const auto done = choose_ciphers(context.get(), options_); !done) return done.error();
  // A server needs no session cache: its clients bring their sessions back as tickets.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (!is_server()) {
    if (const auto done = set_up_client(context.get()); !done) return done.error();
  }
  if (const auto done = identify(context.get(), options_); !done) return done.error();
  context_ = std::move(context);
  // A session from before would continue under the old verification settings.
  session_.reset();
  return {};
}

Result<void> TlsContext::set_up_client(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &handle_session);
  if (options_.verify == TlsOptions::Verify::insecure_none) return {};
  return trust(context, options_);
}

std::string TlsContext::own_certificate() const {
  const X509* const certificate = SSL_CTX_get0_certificate(context_.get());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return {};
  }
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::unique_ptr<ssl_st, FreeSsl> TlsContext::open() {
  const std::lock_guard lock(mutex_);
  return open_locked();
}

std::unique_ptr<ssl_st, FreeSsl> TlsContext::open_locked() {
  if (const Instant now = steady_now(); files_.wants_reading(now)) {
    const Result<void> done = read();
    files_.note_read(done.has_value(), now);
    problem_ = done ? std::string() : done.error().what();
  }
  ERR_clear_error();
  std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(context_.get()));
  if (!ssl || is_server()) return ssl;
  const bool verified = options_.verify == TlsOptions::Verify::full;
  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool good = true;
  if (name_is_address_) {
    if (verified) good = X509_VERIFY_PARAM_set1_ip_asc(rules, name_.c_str()) == 1;
  } else if (!name_.empty()) {
    good = SSL_set_tlsext_host_name(ssl.get(), name_.c_str()) == 1;
    if (good && verified) {
      good = X509_VERIFY_PARAM_set1_host(rules, name_.c_str(), name_.size()) == 1;
    }
  }
  if (!good) return nullptr;
  if (session_) SSL_set_session(ssl.get(), session_.get());
  SSL_set_ex_data(ssl.get(), name_index(), reinterpret_cast<void*>(name_number_));
  return ssl;
}

std::unique_ptr<ssl_st, FreeSsl> TlsContext::open(const std::string& host) {
  const std::lock_guard lock(mutex_);
  set_name(host);
  return open_locked();
}

std::string TlsContext::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

// Keeps a copy, because OpenSSL invalidates the session of a connection that fails.
void TlsContext::keep_session(const ssl_session_st& session, std::uintptr_t name_number) {
  const std::lock_guard lock(mutex_);
  if (name_number == name_number_) session_.reset(SSL_SESSION_dup(&session));
}

}  // namespace plimsoll::inline v0::native

#include "plimsoll/native/config/secret_files.h"

#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/native/config/text/bounded_file.h"

namespace plimsoll::inline v0::native::config {
namespace {

struct Pair {
  std::string_view secret;
  std::string_view file;
};

constexpr Pair pairs[] = {
    {"client.password", "client.password_file"},
    {"client.token", "client.token_file"},
    {"client.tls.key_password", "client.tls.key_password_file"},
    {"client.sentinel_password", "client.sentinel_password_file"},
    {"client.sentinel_tls.key_password", "client.sentinel_tls.key_password_file"},
};

void read_pair(const OptionRow& secret, const OptionRow& file, Draft& draft) {
  Configuration& configuration = draft.configuration();
  const Words path = file.access.get(configuration);
  if (path.empty()) return;
  const Layer said_file = draft.layer(file.key);
  const Layer said_secret = draft.layer(secret.key);
  const bool has_secret = !secret.access.get(configuration).empty();
  if (has_secret && said_secret > said_file) return;
  const std::string place = origin(configuration, file.key) + ": " + std::string(file.key);
  if (has_secret && said_secret == said_file) {
    return draft.refuse(file, place,
                        "is there, and " + std::string(secret.key) + ", too; expected one of them");
  }
  auto bytes = read_secret_file(path.front());
  if (!bytes) return draft.refuse(file, place, bytes.error().text());
  const Draft::Said said{.layer = said_file,
                         .where = place,
                         .origin = "file " + path.front() + " of " + std::string(file.key),
                         .folder = ""};
  draft.set(secret, {*std::move(bytes)}, said);
}

}  // namespace

void read_secret_files(Draft& draft) {
  for (const Pair& pair : pairs) read_pair(row_of(pair.secret), row_of(pair.file), draft);
}

std::vector<std::string> secret_files_of(const Configuration& configuration) {
  std::vector<std::string> all;
  for (const Pair& pair : pairs) {
    for (std::string& path : row_of(pair.file).access.get(configuration)) {
      all.push_back(std::move(path));
    }
  }
  return all;
}

}  // namespace plimsoll::inline v0::native::config

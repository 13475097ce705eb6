#include "plimsoll/native/bridge/tokens/watched_tokens.h"

#include <utility>

namespace plimsoll::bridge {
namespace {

std::string count_keys(const JwtKeyFile& file) {
  const std::size_t count = file.keys().size();
  return std::to_string(count) + (count == 1 ? " key" : " keys");
}

}  // namespace

WatchedTokens::WatchedTokens(std::span<const Profile> profiles,
                             std::vector<StaticToken> static_tokens,
                             std::vector<JwtKeyFile> key_files)
    : profiles_(profiles) {
  replace(std::move(static_tokens), std::move(key_files));
  has_changed_ = false;
}

void WatchedTokens::replace(std::vector<StaticToken> static_tokens,
                            std::vector<JwtKeyFile> key_files) {
  const std::lock_guard lock(mutex_);
  static_tokens_ = std::move(static_tokens);
  key_files_ = std::move(key_files);
  take_keys();
  for (const JwtKeyFile& file : key_files_) note_left_out(file);
}

Verified<Authorization> WatchedTokens::verify(std::string_view token,
                                              std::chrono::system_clock::time_point now) {
  if (token.find('.') != token.npos) look_at_files();
  return this->now()->verify(token, now);
}

void WatchedTokens::look_at_files() {
  const std::lock_guard lock(mutex_);
  bool is_read = false;
  for (JwtKeyFile& file : key_files_) {
    const std::string before = file.problem();
    switch (file.look_again()) {
      case JwtKeyFile::Look::same: break;
      case JwtKeyFile::Look::read:
        is_read = true;
        notes_.push_back(file.path() + ": was read again, and has " + count_keys(file));
        note_left_out(file);
        break;
      case JwtKeyFile::Look::failed:
        if (file.problem() == before) break;
        notes_.push_back(file.problem() + "; the keys that were read before stay in force");
        break;
    }
  }
  if (is_read) take_keys();
}

void WatchedTokens::take_keys() {
  std::vector<JwtKey> all;
  for (const JwtKeyFile& file : key_files_) {
    all.insert(all.end(), file.keys().begin(), file.keys().end());
  }
  tokens_ = std::make_shared<const Tokens>(profiles_, static_tokens_, std::move(all));
  has_changed_ = true;
}

void WatchedTokens::note_left_out(const JwtKeyFile& file) {
  notes_.insert(notes_.end(), file.left_out().begin(), file.left_out().end());
}

bool WatchedTokens::take_change() {
  const std::lock_guard lock(mutex_);
  return std::exchange(has_changed_, false);
}

std::vector<std::string> WatchedTokens::take_notes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notes_, {});
}

}  // namespace plimsoll::bridge

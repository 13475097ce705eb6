#pragma once

#include <sys/types.h>

#include <string>

/// A valkey-server of one's own on a unix socket, which ends with this object. It may take a moment
/// until it answers: connect() waits for that.
class Server {
 public:
  Server();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url() const { return "unix://" + directory_ + "/socket"; }

 private:
  std::string directory_;
  pid_t pid_ = -1;
};

#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing {

/// A directory that stands in for a machine's root.
class PreparedTree {
 public:
  std::string root() const { return directory_.path(); }

  /// In one step, so that a reader sees the old text or the new one.
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = root() + path;
    std::filesystem::create_directories(full.parent_path());
    const std::string draft = root() + "/draft";
    std::ofstream(draft, std::ios::binary) << text;
    std::filesystem::rename(draft, full);
  }

  void remove(const std::string& path) const { std::filesystem::remove_all(root() + path); }

  /// As a container sees itself with a cgroup namespace of its own, which is what Docker and
  /// Kubernetes make on v2.
  void place_in_v2(const std::string& directory = "/sys/fs/cgroup") const {
    write("/proc/self/cgroup", "0::/\n");
    write("/proc/self/mountinfo",
          "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
    set_v2_events(directory, 0, 0, 0);
    set_stall(directory, 0, 0);
    set_machine(std::uint64_t{64} << 30, std::uint64_t{60} << 30);
  }

  void set_v2(const std::string& directory, const std::string& max, const std::string& high,
              std::uint64_t current, std::uint64_t inactive_file = 0,
              std::uint64_t active_file = 0) const {
    write(directory + "/memory.max", max + "\n");
    write(directory + "/memory.high", high + "\n");
    write(directory + "/memory.stat",
          "anon 1\nfile 2\ninactive_anon 7\nactive_anon 8\n"
          "inactive_file " +
              std::to_string(inactive_file) + "\nactive_file " + std::to_string(active_file) +
              "\n");
    write(directory + "/memory.current", std::to_string(current) + "\n");
  }

  void set_v2_events(const std::string& directory, int high, int max, int oom_kill) const {
    write(directory + "/memory.events", "low 0\nhigh " + std::to_string(high) + "\nmax " +
                                            std::to_string(max) + "\noom " +
                                            std::to_string(oom_kill) + "\noom_kill " +
                                            std::to_string(oom_kill) + "\noom_group_kill 0\n");
  }

  void set_stall(const std::string& directory, int percent, std::uint64_t microseconds) const {
    write(directory + "/memory.pressure",
          "some avg10=" + std::to_string(percent) + ".00 avg60=0.00 avg300=0.00 total=" +
              std::to_string(microseconds) + "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
  }

  void set_v1(const std::string& directory, std::uint64_t limit, std::uint64_t usage,
              std::uint64_t hierarchical_limit, std::uint64_t inactive_file = 0) const {
    write(directory + "/memory.limit_in_bytes", std::to_string(limit) + "\n");
    write(directory + "/memory.usage_in_bytes", std::to_string(usage) + "\n");
    write(directory + "/memory.failcnt", "0\n");
    write(directory + "/memory.use_hierarchy", "1\n");
    write(directory + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
    write(directory + "/memory.stat",
          "cache 0\nrss 0\nhierarchical_memory_limit " + std::to_string(hierarchical_limit) +
              "\ntotal_cache 0\ntotal_inactive_file " + std::to_string(inactive_file) +
              "\ntotal_active_file 0\n");
  }

  void set_machine(std::uint64_t total, std::uint64_t available) const {
    write("/proc/meminfo", "MemTotal:       " + std::to_string(total / 1024) +
                               " kB\nMemFree:         1000 kB\nMemAvailable:   " +
                               std::to_string(available / 1024) + " kB\n");
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace plimsoll::testing

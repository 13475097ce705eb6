#include "plimsoll/native/container/reading.h"

#include <algorithm>

#include "plimsoll/native/container/level_reader.h"

namespace plimsoll::inline v0::native::container {

const Level* find_same(const Reading& reading, const Level& level) {
  const auto found =
      std::find_if(reading.levels.begin(), reading.levels.end(), [&level](const Level& other) {
        return other.place == level.place && other.limit_file == level.limit_file;
      });
  return found == reading.levels.end() ? nullptr : &*found;
}

Events sum_of_events(const Reading& reading) {
  Events all;
  for (const Level& level : reading.levels) {
    if (!level.events) continue;
    const auto add = [&](std::uint64_t& sum, std::uint64_t count) {
      sum = level.has_events_below ? std::max(sum, count) : sum + count;
    };
    add(all.high, level.events->high);
    add(all.max, level.events->max);
    add(all.oom, level.events->oom);
    add(all.oom_kill, level.events->oom_kill);
  }
  return all;
}

Reading Reader::read() {
  Reading reading;
  LevelReader levels(files_, reading);
  // A kernel without cgroups does not have this file.
  FileText cgroup = files_.read("/proc/self/cgroup", kernel_file_bytes_max);
  if (!cgroup.problem.empty()) reading.problems.push_back(cgroup.problem);
  if (!location_ || !location_->problem.empty() || cgroup.text != cgroup_) {
    const FileText mounts = files_.read("/proc/self/mountinfo", mounts_bytes_max);
    if (!mounts.problem.empty()) reading.problems.push_back(mounts.problem);
    location_ = locate(cgroup.text, mounts.text);
    cgroup_ = std::move(cgroup.text);
  }
  if (!location_->problem.empty()) reading.problems.push_back(location_->problem);
  reading.version = location_->version;
  Rank rank = Rank::own;
  for (const std::string& directory : location_->directories) {
    const bool is_v1 = location_->version == CgroupVersion::v1;
    if (is_v1 && rank == Rank::above && !levels.is_hierarchical(directory)) break;
    if (is_v1) {
      levels.read_v1(directory, rank);
    } else {
      levels.read_v2(directory, rank);
    }
    rank = Rank::above;
  }
  if (location_->version == CgroupVersion::v1) levels.add_hidden_v1_limit();
  levels.read_machine();
  return reading;
}

}  // namespace plimsoll::inline v0::native::container

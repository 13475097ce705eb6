#include "plimsoll/native/container/reading.h"

#include "plimsoll/native/container/level_reader.h"

namespace plimsoll::native::container {

Reading Reader::read() {
  Reading reading;
  LevelReader levels(files_, reading);
  // A kernel without cgroups has no such file.
  FileText cgroup = files_.read("/proc/self/cgroup", figures_bytes_max);
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

}  // namespace plimsoll::native::container

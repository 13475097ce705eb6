#pragma once

// What is measured in one process, for another: a line each.

#include <map>
#include <string>

namespace plimsoll::bench {

class Figures {
 public:
  double& operator[](const std::string& name) { return all_[name]; }

  /// Ends the process where there is none of this name: its child is to blame.
  double at(const std::string& name) const;

  bool has(const std::string& name) const { return all_.contains(name); }

  void print() const;
  static Figures parse(const std::string& text);

 private:
  std::map<std::string, double> all_;
};

}  // namespace plimsoll::bench

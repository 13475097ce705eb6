#pragma once

// The arguments of a benchmark. CLI11 reads them, in command_line.cc alone: its headers cost each
// program that includes them seconds to compile.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/bench/report.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace plimsoll::bench {

// What every benchmark has.
struct CommonOptions {
  bool json = false;
  bool quick = false;
};

class CommandLine {
 public:
  // One that the program has; valid as long as its command line.
  class Option {
   public:
    // Whether it was given.
    explicit operator bool() const;
    Option one_of(const std::vector<std::string>& values) const;
    Option existing_file() const;
    Option positive() const;
    // It may be given only with the other one.
    Option needs(Option other) const;

   private:
    friend CommandLine;
    explicit Option(CLI::Option* option) : option_(option) {}

    CLI::Option* option_;
  };

  // Has the common options. What it writes to must outlive parse().
  CommandLine(const std::string& description, CommonOptions& common);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // A name without "--" is that of what stands on the line by itself.
  Option add(const std::string& name, std::string& value, const std::string& help);
  Option add(const std::string& name, std::vector<std::string>& value, const std::string& help);
  Option add(const std::string& name, std::size_t& value, const std::string& help);
  Option add(const std::string& name, std::int64_t& value, const std::string& help);
  Option add(const std::string& name, std::uint16_t& value, const std::string& help);
  Option add_flag(const std::string& name, bool& value, const std::string& help);

  // Reads them. A status is the one with which to end: help was asked for, or something is wrong.
  std::optional<int> parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

Report make_report(const std::string& bench, const CommonOptions& options);

}  // namespace plimsoll::bench

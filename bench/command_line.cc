#include "plimsoll/bench/command_line.h"

#include <CLI/CLI.hpp>

namespace plimsoll::bench {

CommandLine::Option::operator bool() const { return option_->count() > 0; }

CommandLine::Option CommandLine::Option::one_of(const std::vector<std::string>& values) const {
  option_->check(CLI::IsMember(values));
  return *this;
}

CommandLine::Option CommandLine::Option::existing_file() const {
  option_->check(CLI::ExistingFile);
  return *this;
}

CommandLine::Option CommandLine::Option::positive() const {
  option_->check(CLI::PositiveNumber);
  return *this;
}

CommandLine::Option CommandLine::Option::needs(Option other) const {
  option_->needs(other.option_);
  return *this;
}

CommandLine::CommandLine(const std::string& description, CommonOptions& common)
    : app_(std::make_unique<CLI::App>(description)) {
  add_flag("--json", common.json, "one JSON object a line in place of the table");
  add_flag("--quick", common.quick, "a smoke run of seconds, which judges no goal");
}

CommandLine::~CommandLine() = default;

CommandLine::Option CommandLine::add(const std::string& name, std::string& value,
                                     const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

CommandLine::Option CommandLine::add(const std::string& name, std::vector<std::string>& value,
                                     const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

CommandLine::Option CommandLine::add(const std::string& name, std::size_t& value,
                                     const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

CommandLine::Option CommandLine::add(const std::string& name, std::int64_t& value,
                                     const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

CommandLine::Option CommandLine::add(const std::string& name, std::uint16_t& value,
                                     const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

CommandLine::Option CommandLine::add_flag(const std::string& name, bool& value,
                                          const std::string& help) {
  return Option(app_->add_flag(name, value, help));
}

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error);
  }
  return std::nullopt;
}

Report make_report(const std::string& bench, const CommonOptions& options) {
  return Report(bench, options.json ? Report::Format::json : Report::Format::table,
                options.quick ? Report::Judging::nothing : Report::Judging::goals);
}

}  // namespace plimsoll::bench

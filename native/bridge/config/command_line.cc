#include "plimsoll/native/bridge/config/command_line.h"

#include <iostream>

#include <CLI/CLI.hpp>

namespace plimsoll::bridge {
namespace {

constexpr const char* about =
    "Carries RESP between WebSockets and a Valkey server.\n"
    "To try it on this machine: plimsoll-bridge --upstream valkey://127.0.0.1:6379 --local";

constexpr std::size_t help_column = 34;
constexpr int wrong_usage = 2;

void describe_options(CLI::App& app, CommandLine& line, std::string& profile) {
  app.add_option("--config", line.config_file, "the configuration, in TOML")->type_name("FILE");
  app.add_option("--listen", line.listen, "where to listen (127.0.0.1:8380)")
      ->type_name("ADDRESS:PORT");
  app.add_option("--upstream", line.upstreams,
                 "a server: valkey://, valkeys:// or unix://; its name is \"default\"\n"
                 "unless it has one")
      ->type_name("[NAME=]URL");
  app.add_option("--allow", line.allow,
                 "what the profile \"default\", or that of --local, may do:\n"
                 "commands and @categories")
      ->type_name("RULE")
      ->delimiter(',');
  app.add_option("--origin", line.origins, "of pages that may connect, such as https://example.org")
      ->type_name("ORIGIN");
  app.add_option("--metrics", line.metrics, "where to tell figures")->type_name("ADDRESS:PORT");
  app.add_option("--pages", line.pages, "files to show to browsers that ask for them")
      ->type_name("FOLDER");
  app.add_option("--token-file", line.tokens_file, "hashes of tokens, a line each")
      ->type_name("FILE");
  app.add_flag("--local", line.local,
               "for use on this machine: a profile that may do all that is not dangerous,\n"
               "and a token for it, which is printed");
  app.add_flag("--check", line.check, "say what is wrong with the configuration, and end");
  app.add_option("--make-token", profile,
                 "print a new token, and its line for the file of tokens, and end")
      ->type_name("PROFILE");
}

Invocation refuse(const std::string& what) {
  std::cerr << "plimsoll-bridge: " << what << "; --help says what there is\n";
  return {.command_line = std::nullopt, .exit_status = wrong_usage};
}

// Names the first unknown argument, without its value.
std::string name_of(const std::vector<std::string>& unknown) {
  const std::string& first = unknown.front();
  if (!first.starts_with("--")) return "an argument that belongs to no option";
  return first.substr(0, first.find('=')) + " is no option";
}

}  // namespace

Invocation parse_command_line(int argument_count, const char* const* arguments) {
  CommandLine line;
  std::string profile;
  CLI::App app(about, "plimsoll-bridge");
  app.get_formatter()->column_width(help_column);
  app.allow_extras();
  describe_options(app, line, profile);
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::CallForHelp& help) {
    return {.command_line = std::nullopt, .exit_status = app.exit(help)};
  } catch (const CLI::ArgumentMismatch& mismatch) {
    return refuse(mismatch.what());  // the option's name and numbers
  } catch (const CLI::ParseError&) {
    return refuse("an option has a value that it does not take");
  }
  if (const auto unknown = app.remaining(); !unknown.empty()) return refuse(name_of(unknown));
  if (app.count("--make-token") > 0) line.make_token = profile;
  return {.command_line = line, .exit_status = 0};
}

}  // namespace plimsoll::bridge

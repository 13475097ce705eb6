#include "plimsoll/native/bridge/config/command_line.h"

#include <algorithm>
#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/version.hpp>
#include <openssl/crypto.h>

#include "plimsoll/core/session/version.h"
#include "plimsoll/native/config/text/plain_name.h"

namespace plimsoll::bridge {
namespace {

constexpr const char* about =
    "Relays RESP between WebSockets and Valkey servers.\n"
    "To try it on this machine: plimsoll-bridge --upstream valkey://127.0.0.1:6379 --local";

// The first line is for programs. The libraries are those that security advisories are about; it is
// the OpenSSL that runs, which may be newer than the one that the bridge was built with.
std::string version_text() {
  std::string boost = BOOST_LIB_VERSION;
  std::replace(boost.begin(), boost.end(), '_', '.');
  return "plimsoll-bridge " + std::string(library_version) + "\nwith " +
         OpenSSL_version(OPENSSL_VERSION) + ", Boost " + boost;
}

constexpr std::size_t help_column = 34;
constexpr int wrong_usage = 2;

// Options that may be repeated. Each takes one word: a further word belongs to no option, and is
// named so. CLI11 would hand it to the option in front of it.
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<std::string>& list,
                      const std::string& description) {
  return app.add_option(name, list, description)->allow_extra_args(false);
}

void describe_options(CLI::App& app, CommandLine& line, std::string& profile) {
  app.add_option("--config", line.config_file, "the configuration file, in TOML")
      ->type_name("FILE");
  add_list(app, "--listen", line.listen, "the address to listen on (default: 127.0.0.1:8380)")
      ->type_name("ADDRESS:PORT");
  add_list(app, "--upstream", line.upstreams,
           "a server: valkey://, valkeys:// or unix://, or nodes of\n"
           "a cluster: valkey+cluster:// or valkeys+cluster://\n"
           "(default for NAME: \"default\")")
      ->type_name("[NAME=]URL");
  add_list(app, "--allow", line.allow,
           "the commands and @categories that the profile \"default\"\n"
           "(with --local: \"local\") permits")
      ->type_name("RULE")
      ->delimiter(',');
  add_list(app, "--origin", line.origins,
           "an origin whose pages may connect, such as https://example.org")
      ->type_name("ORIGIN");
  app.add_option("--metrics", line.metrics, "the address of /metrics, /healthz and /readyz")
      ->type_name("ADDRESS:PORT");
  app.add_option("--pages", line.pages, "the folder of files to serve to browsers")
      ->type_name("FOLDER");
  app.add_option("--token-file", line.tokens_file, "the file with the tokens' hashes, one per line")
      ->type_name("FILE");
  app.add_flag("--local", line.local,
               "for use on this machine: adds a profile that permits everything\n"
               "except @admin and @dangerous, and prints a token for it");
  app.add_flag("--check", line.check, "report what is wrong with the configuration, and exit");
  app.add_option("--make-token", profile,
                 "print a new token and its line for the tokens file, and exit")
      ->type_name("PROFILE");
  app.set_version_flag("--version", version_text())->description("print the version, and exit");
}

Invocation refuse(const std::string& what) {
  std::cerr << "plimsoll-bridge: " << what << "; --help lists the options\n";
  return {.command_line = std::nullopt, .exit_status = wrong_usage};
}

// Names the first unknown argument, without its value.
std::string name_of(const std::vector<std::string>& unknown) {
  const std::string& first = unknown.front();
  if (!first.starts_with("--")) return "an argument does not belong to any option";
  return first.substr(0, first.find('=')) + " is not an option";
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
  } catch (const CLI::Success& answered) {  // --help, --version
    return {.command_line = std::nullopt, .exit_status = app.exit(answered)};
  } catch (const CLI::ArgumentMismatch& mismatch) {
    return refuse(mismatch.what());  // contains only the option's name and numbers
  } catch (const CLI::ParseError&) {
    return refuse("an option has an invalid value");
  }
  if (const auto unknown = app.remaining(); !unknown.empty()) return refuse(name_of(unknown));
  if (app.count("--make-token") > 0) {
    if (!native::config::is_plain_name(profile)) {
      return refuse("--make-token: a profile's name is 1 to 64 letters, digits, - _ and .");
    }
    line.make_token = profile;
  }
  return {.command_line = line, .exit_status = 0};
}

}  // namespace plimsoll::bridge

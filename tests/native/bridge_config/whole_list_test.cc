#include <chrono>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/config/read_config.h"
#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/native/bridge/start_check.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/temporary_directory.h"

// Everything that is wrong with a configuration is said at once, whichever stage finds it.

namespace plimsoll::testing::whole_list_test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

// A folder with a configuration and the files that it names.
class Folder {
 public:
  Folder() { write("tokens", token("open", "page")); }

  static std::string token(const std::string& text, const std::string& profile) {
    return bridge::static_token_line({.hash = bridge::sha256(text), .profile = profile}) + "\n";
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  void copy(const std::string& from, const std::string& name) const {
    fs::copy_file(from, path(name));
  }
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  // All problems with `text`, with names of files as in this folder.
  Lines problems(std::string_view text, std::initializer_list<const char*> options = {}) const {
    return check(text, options).problems;
  }
  Lines warnings(std::string_view text) const { return check(text, {}).warnings; }

 private:
  struct Checked {
    Lines problems;
    Lines warnings;
  };

  Checked check(std::string_view text, std::initializer_list<const char*> options) const {
    write("b.toml", std::string(text));
    const std::string file = path("b.toml");
    std::vector<const char*> words{"plimsoll-bridge", "--config", file.c_str()};
    words.insert(words.end(), options);
    const auto line = bridge::parse_command_line(static_cast<int>(words.size()), words.data());
    REQUIRE(line.command_line);
    bridge::ReadConfig read = bridge::read_config(*line.command_line);
    bridge::check_start(read.draft, std::chrono::system_clock::now(), read.problems);
    return {in_folder(read.problems.lines()), in_folder(read.draft.warnings.lines())};
  }

  Lines in_folder(Lines lines) const {
    const std::string prefix = folder_.path() + "/";
    for (std::string& line : lines) {
      for (std::size_t at; (at = line.find(prefix)) != line.npos;) line.erase(at, prefix.size());
    }
    return lines;
  }

  const TemporaryDirectory folder_;
};

// What is right, so that each case has only what it is about.
constexpr std::string_view fine = R"(tokens_file = "tokens"
[upstreams.main]
url = "valkey://127.0.0.1:6379"
[profiles.page]
upstream = "main"
allow = ["get"]
)";

std::string fine_and(std::string_view more) { return std::string(fine) + std::string(more); }

TEST_CASE("a configuration without a problem has none at any stage") {
  const Folder folder;
  CHECK(folder.problems(fine).empty());
  CHECK(folder.warnings(fine).empty());
}

TEST_CASE("no problem hides another one") {
  const Folder folder;
  CHECK(folder.problems(R"(listen = ["127.0.0.1:8380", "127.0.0.1:99999"]
tokens_file = "missing"
access_log = "logs/access.json"
[tls]
certificate_file = "nowhere.pem"
key_file = "tokens"
[pages]
folder = "dist"
[upstreams.main]
url = "valkye://127.0.0.1:6379"
[upstreams.near]
url = "valkeys://127.0.0.1:6380"
ca_file = "nowhere.pem"
[profiles.admin]
upstream = "mian"
allow = [
  "@reed",
  "config get",
  "get",
  "hgetal",
]
[profiles.page]
allow = ["gett"]
key_prefixes = [""]
password_file = "nowhere"
[[jwt_keys]]
algorithm = "HS256"
secret_file = "nowhere"
[limits]
connections_max = 0
)") == Lines{
           "b.toml:1: listen: entry 2 has a port that is not a number from 0 to 65535; expected "
           "ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80",
           "b.toml:2: tokens_file: missing: No such file or directory",
           "b.toml:3: access_log: logs/access.json: cannot be created in its folder: No such file "
           "or directory",
           "b.toml:5: tls.certificate_file: nowhere.pem: No such file or directory",
           "b.toml:6: tls.key_file: tokens: has no private key in PEM; expected -----BEGIN "
           "PRIVATE KEY-----, unencrypted",
           "b.toml:8: pages.folder: dist: No such file or directory",
           "b.toml:10: upstreams.main.url: has an unknown scheme; expected valkey://, valkeys://, "
           "valkey+cluster://, valkeys+cluster:// or unix://",
           "b.toml:13: upstreams.near.ca_file: nowhere.pem: No such file or directory",
           "b.toml:15: profiles.admin.upstream: names an unknown upstream; expected one of main, "
           "near; did you mean main?",
           "b.toml:17: profiles.admin.allow: '@reed' is not a category of commands; did you mean "
           "@read?",
           "b.toml:18: profiles.admin.allow: entry 2 is neither a command nor a @category; "
           "expected for example get, config|get or @read; did you mean config|get?",
           "b.toml:20: profiles.admin.allow: 'hgetal' is not a command; did you mean hgetall?",
           "b.toml:23: profiles.page.allow: 'gett' is not a command; did you mean get?",
           "b.toml:24: profiles.page.key_prefixes: entry 1 is empty, which would permit every "
           "key; expected the beginning of keys, or no key_prefixes for a profile that may use "
           "every key",
           "b.toml:25: profiles.page.password_file: nowhere: No such file or directory",
           "b.toml:28: jwt_keys.secret_file: nowhere: No such file or directory",
           "b.toml:30: limits.connections_max: is 0; expected 1 to 1000000",
       });
}

TEST_CASE("a problem of a table is not repeated as something that is missing") {
  const Folder folder;
  const auto count = [&](std::string_view text) { return folder.problems(text).size(); };
  CHECK(count("tokens_file = \"tokens\"\nupstream.main.url = \"valkey://h\"\nprofiles.page = {}") ==
        1);
  CHECK(count("tokens_file = 1\nupstreams.main.url = \"valkey://h\"\nprofiles.page = {}") == 1);
  CHECK(count("tokens_file = \"none\"\nupstreams.main.url = \"valkey://h\"\nprofiles.page = {}") ==
        1);
  CHECK(count("tokens_file = \"tokens\"\nupstreams = 1\nprofiles.page = {}") == 1);
  CHECK(count("tokens_file = \"tokens\"\nupstreams.main.url = \"h\"\nprofiles.page = {}") == 1);
  CHECK(count("tokens_file = \"tokens\"\nupstreams.main.url = \"valkey://h\"\nprofile.page = {}") ==
        1);
  CHECK(count("listen = [\"[::]:80\"]\ntls.key_file = \"tokens\"\n" + std::string(fine)) == 2);
  CHECK(folder.problems("tokens_file = \"tokens\"\n[upstreams]\n[profiles]") ==
        Lines{"configuration: no server to connect to: give --upstream valkey://HOST:PORT, or "
              "[upstreams.NAME] with a url in the file",
              "configuration: each token needs a profile, and there is no profile: give --allow, "
              "or [profiles.NAME] in the file"});
}

TEST_CASE("what is no TOML does not hide what is wrong on the command line") {
  const Folder folder;
  CHECK(
      folder.problems("listen = ", {"--listen", "80", "--pages", "/nowhere", "--allow", "gett"}) ==
      Lines{"--listen: has no address; expected ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80",
            "--allow: 'gett' is not a command; did you mean get?",
            "--pages: /nowhere: No such file or directory",
            "b.toml:1:10: no TOML: Error while parsing key-value pair: encountered end-of-file"});
}

TEST_CASE("each line of a file of tokens is told what is wrong with it") {
  const Folder folder;
  folder.write("tokens", "hunter2 page\n" + Folder::token("a", "pagee") + "\n# none\n" +
                             Folder::token("b", "page") + Folder::token("b", "page") +
                             Folder::token("c", "shop"));
  CHECK(folder.problems(fine) ==
        Lines{"tokens:1: does not begin with a hash; expected sha256: and 64 hex digits, a space "
              "and a profile",
              "tokens:2: names an unknown profile: pagee; expected one of page; did you mean page?",
              "tokens:6: has the same hash as line 5",
              "tokens:7: names an unknown profile: shop; expected one of page"});
  folder.write("tokens", "# none yet\n");
  CHECK(folder.problems(fine) ==
        Lines{"b.toml:1: tokens_file: tokens: has no token, so no client could connect; expected a "
              "line of --make-token PROFILE"});
}

TEST_CASE("the list has an end, and says how many problems there are more") {
  const Folder folder;
  std::string tokens;
  for (int i = 0; i < 1000; ++i) tokens += "hunter2\n";
  folder.write("tokens", tokens);
  const Lines lines = folder.problems(fine_and("allow_all = true"));
  REQUIRE(lines.size() == bridge::problems_listed_max + 1);
  CHECK(lines[0].starts_with("b.toml:7: profiles.page.allow_all: unknown key; expected one of "));
  CHECK(lines[1].starts_with("tokens:1: "));
  CHECK(lines.back() == "and 901 more");
}

TEST_CASE("ten names are listed that would have been right, and no more") {
  const Folder folder;
  const auto upstreams = [](char last) {
    std::string text;
    for (char name = 'a'; name <= last; ++name) {
      text += std::string("[upstreams.") + name + "]\nurl = \"valkey://h\"\n";
    }
    return "tokens_file = \"tokens\"\n[profiles.page]\nupstream = \"main\"\n" + text;
  };
  const std::string begin =
      "b.toml:3: profiles.page.upstream: names an unknown upstream; expected one of a, b, c, d, e, "
      "f, g, h, i, j";
  CHECK(folder.problems(upstreams('j')) == Lines{begin});
  CHECK(folder.problems(upstreams('k')) == Lines{begin + ", ..."});
}

TEST_CASE("problems with names are counted as well when no more are listed") {
  const Folder folder;
  std::string text = "tokens_file = \"tokens\"\n[upstreams.main]\nurl = \"valkey://h\"\n";
  for (std::size_t i = 0; i < bridge::problems_listed_max + 5; ++i) {
    text += "[profiles.p" + std::to_string(i) + "]\nupstream = \"other\"\n";
  }
  const Lines lines = folder.problems(text);
  REQUIRE(lines.size() == bridge::problems_listed_max + 1);
  CHECK(lines.back() == "and 6 more");  // and the token's profile is none of these
}

TEST_CASE("an address is listened on once") {
  const Folder folder;
  CHECK(folder.problems("metrics = \"[::1]:80\"\nlisten = [\"127.0.0.1:80\",\n\"127.0.0.1:80\",\n"
                        "\"[::1]:80\", \"[::]:81\", \"127.0.0.1:0\", \"127.0.0.1:0\"]\n"
                        "behind_proxy = true\n" +
                        std::string(fine)) ==
        Lines{"b.toml:1: metrics: is [::1]:80, and listen has [::1]:80; expected another port",
              "b.toml:3: listen: has 127.0.0.1:80 twice; expected it once"});
  CHECK(folder.problems(fine, {"--listen", "127.0.0.1:80", "--listen", "0.0.0.0:80", "--listen",
                               "[::]:80", "--metrics", "127.0.0.2:80"}) ==
        Lines{"--listen: has 127.0.0.1:80 and 0.0.0.0:80, of which one includes the other; "
              "expected one",
              "--metrics: is 127.0.0.2:80, and listen has 0.0.0.0:80; expected another port",
              "--listen: has 0.0.0.0:80, which can be reached from other machines, and without TLS "
              "tokens would be sent in plaintext; expected [tls] with certificate_file and "
              "key_file, or behind_proxy = true if a proxy terminates TLS",
              "--listen: has [::]:80, which can be reached from other machines, and without TLS "
              "tokens would be sent in plaintext; expected [tls] with certificate_file and "
              "key_file, or behind_proxy = true if a proxy terminates TLS"});
}

TEST_CASE("so many addresses may be listened on, and no more") {
  const Folder folder;
  const auto with = [&](std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) list += "\"127.0.0.1:" + std::to_string(i + 1) + "\",";
    return folder.problems("listen = [" + list + "]\n" + std::string(fine));
  };
  CHECK(with(bridge::listen_max).empty());
  CHECK(with(bridge::listen_max + 1) ==
        Lines{"b.toml:1: listen: has 65 entries; expected 64 at most"});
}

TEST_CASE("certificates and keys are looked into") {
  const Folder folder;
  const CertificateAuthority authority;
  const CertificateFiles one = authority.issue("one");
  const CertificateFiles other = authority.issue("other");
  folder.copy(one.certificate, "one.pem");
  folder.copy(one.key, "one.key");
  folder.copy(other.key, "other.key");
  folder.copy(authority.issue("locked", {.key_password = "hunter2"}).key, "locked.key");
  folder.copy(authority.file(), "ca.pem");
  folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const auto tls = [&](const std::string& certificate, const std::string& key) {
    return folder.problems(fine_and("[tls]\ncertificate_file = \"" + certificate +
                                    "\"\nkey_file = \"" + key + "\"\n"));
  };
  CHECK(tls("one.pem", "one.key").empty());
  CHECK(tls("one.pem", "other.key") ==
        Lines{"b.toml:9: tls.key_file: other.key: has another key than that of the certificate in "
              "certificate_file; expected the key that the certificate was issued for"});
  CHECK(tls("one.key", "one.pem") ==
        Lines{"b.toml:8: tls.certificate_file: one.key: has no certificate in PEM, but a private "
              "key; expected -----BEGIN CERTIFICATE-----",
              "b.toml:9: tls.key_file: one.pem: has no private key in PEM, but a certificate; "
              "expected -----BEGIN PRIVATE KEY-----, unencrypted"});
  const Lines broken = tls("broken.pem", "locked.key");
  REQUIRE(broken.size() == 2);
  CHECK(broken[0].starts_with(
      "b.toml:8: tls.certificate_file: broken.pem: has a certificate that cannot be used ("));
  CHECK(broken[1] ==
        "b.toml:9: tls.key_file: locked.key: has a private key with a password; expected "
        "-----BEGIN PRIVATE KEY-----, unencrypted");
  CHECK(folder.problems(fine_and(R"([upstreams.far]
url = "valkeys://h"
ca_file = "tokens"
certificate_file = "one.pem"
key_file = "other.key"
[upstreams.near]
url = "valkeys://h"
ca_file = "ca.pem"
)")) == Lines{"b.toml:9: upstreams.far.ca_file: tokens: has no certificate in PEM; expected those "
              "of authorities, -----BEGIN CERTIFICATE-----",
              "b.toml:11: upstreams.far.key_file: other.key: has another key than that of the "
              "certificate in certificate_file; expected the key that the certificate was issued "
              "for"});
}

TEST_CASE("a certificate that is not valid now is a warning, since it can be replaced") {
  const Folder folder;
  const CertificateAuthority authority;
  const auto warning = [&](const CertificateOptions& options) {
    const CertificateFiles files = authority.issue("one", options);
    const std::string text = fine_and("[tls]\ncertificate_file = \"" + files.certificate +
                                      "\"\nkey_file = \"" + files.key + "\"\n");
    CHECK(folder.problems(text).empty());
    const Lines all = folder.warnings(text);
    const std::string begin = "b.toml:8: tls.certificate_file: " + files.certificate + ": ";
    if (all.size() != 1 || !all[0].starts_with(begin)) return std::to_string(all.size());
    return all[0].substr(begin.size());
  };
  CHECK(warning({}) == "0");
  CHECK(warning({.valid_from_days = -9, .valid_until_days = -1})
            .starts_with("has a certificate that expired at 2"));
  CHECK(warning({.valid_from_days = 1, .valid_until_days = 9})
            .starts_with("has a certificate that is valid from 2"));
}

TEST_CASE("the folder of pages is looked into") {
  const Folder folder;
  const std::string text = fine_and("[pages]\nfolder = \"dist\"\n");
  const std::string place = "b.toml:8: pages.folder: ";
  folder.write("dist", "");
  CHECK(folder.problems(text) == Lines{place + "dist: Not a directory"});
  fs::remove(folder.path("dist"));
  fs::create_directory(folder.path("dist"));
  CHECK(folder.problems(text) == Lines{place + "dist: has no file to serve"});
  folder.write("dist/a", "");
  folder.write("dist/b", "");
  CHECK(folder.problems(text).empty());
  fs::resize_file(folder.path("dist/a"), bridge::pages_bytes_max);
  CHECK(folder.problems(text).empty());
  fs::resize_file(folder.path("dist/b"), 1);
  CHECK(folder.problems(text) ==
        Lines{place + "dist: the files have 16777217 bytes together, of which dist/a has 16777216; "
                      "expected 16777216 at most"});
  fs::resize_file(folder.path("dist/b"), 0);
  CHECK(folder.problems(text + "[limits]\nmemory_limit = \"16 MiB\"\n") ==
        Lines{place + "dist: the files take 16777736 bytes of memory; expected "
                      "limits.memory_limit (16777216 bytes) at most"});
}

TEST_CASE("the access log is a file that can be made") {
  const Folder folder;
  const auto with = [&](const std::string& log) {
    return folder.problems("access_log = \"" + log + "\"\n" + std::string(fine));
  };
  CHECK(with("stderr").empty());
  CHECK(with("tokens").empty());
  CHECK(with("access.json").empty());
  CHECK_FALSE(fs::exists(folder.path("access.json")));
  CHECK(with("none/access.json") ==
        Lines{"b.toml:1: access_log: none/access.json: cannot be created in its folder: No such "
              "file or directory"});
  CHECK(with("tokens/access.json") ==
        Lines{"b.toml:1: access_log: tokens/access.json: cannot be created in its folder: Not a "
              "directory"});
  CHECK(with(folder.path("")) ==
        Lines{"b.toml:1: access_log: : is a folder; expected a file, or \"stderr\""});
}

TEST_CASE("a rule that has no effect is a warning") {
  const Folder folder;
  const std::string text = fine_and("deny = [\"@admin\", \"GET\"]\n");
  CHECK(folder.problems(text).empty());
  CHECK(folder.warnings(text) ==
        Lines{"b.toml:6: profiles.page.allow: 'get' has no effect, because deny has it as well"});
}

TEST_CASE("all caches together may have half of the memory limit, and no more") {
  const Folder folder;
  const auto with = [&](std::string_view limits, std::string_view last) {
    return folder.problems(
        fine_and("[upstreams.a]\nurl = \"valkey+cluster://h\"\n"
                 "cache.size = \"12 MiB\"\n"
                 "[upstreams.b]\nurl = \"valkey+cluster://h\"\n"
                 "cache.size = " +
                 std::string(last) +
                 "\n[upstreams.c]\nurl = \"valkey+cluster://h\"\n"
                 "cache.size = \"1 KiB\"\n[limits]\n" +
                 std::string(limits)));
  };
  constexpr std::string_view line = "memory_limit = \"32 MiB\"";
  CHECK(with(line, "\"4095 KiB\"").empty());
  CHECK(with(line, "\"4097 KiB\"") ==
        Lines{"b.toml:12: upstreams.b.cache.size: makes all caches together 16778240 bytes; "
              "expected half of limits.memory_limit (16777216 bytes) at most"});
  CHECK(with("memory_limit = 1", "\"1 GiB\"") ==
        Lines{"b.toml:17: limits.memory_limit: is 1 B; expected 16 MiB to 1 TiB"});
}

TEST_CASE("each thread gets a part of the connections that block") {
  const Folder folder;
  const auto with = [&](std::string_view threads, std::string_view connections) {
    return folder.problems("threads = " + std::string(threads) + "\n" +
                           fine_and("[upstreams.a]\nurl = \"valkey+cluster://h\"\n"
                                    "blocking_connections_max = " +
                                    std::string(connections) + "\n"));
  };
  CHECK(with("4", "4").empty());
  CHECK(with("4", "3") ==
        Lines{"b.toml:10: upstreams.a.blocking_connections_max: is 3; expected at least threads "
              "(4), each of which gets an equal part"});
  CHECK(with("0", "3") == Lines{"b.toml:1: threads: is 0; expected 1 to 32"});
  CHECK(with("33", "3") == Lines{"b.toml:1: threads: is 33; expected 1 to 32"});
  CHECK(
      folder.problems("threads = 32\n" + fine_and("[upstreams.a]\nurl = \"valkey+cluster://h\"\n"))
          .empty());
}

TEST_CASE("what a profile cannot do over shared connections is a warning") {
  const Folder folder;
  const auto warnings = [&](std::string_view upstream, std::string_view profile) {
    const std::string text = "tokens_file = \"tokens\"\n[upstreams.main]\nurl = \"valkey://h\"\n" +
                             std::string(upstream) + "\n[profiles.page]\n" + std::string(profile);
    CHECK(folder.problems(text).empty());
    return folder.warnings(text);
  };
  constexpr std::string_view shared = "share_connections = true";
  constexpr std::string_view asks = "databases = [0, 1]\nallow = [\"get\", \"Client|Tracking\"]";
  const Lines both{
      "b.toml:6: profiles.page.databases: has others than 0, which cannot be selected "
      "at upstream main, whose connections are shared",
      "b.toml:7: profiles.page.allow: 'client|tracking' permits BCAST, which is not possible at "
      "upstream main, whose connections are shared"};
  CHECK(warnings(shared, asks) == both);
  CHECK(warnings(shared, "databases = [0]\nallow = [\"get\"]").empty());
  CHECK(warnings("share_connections = false", asks).empty());
  CHECK(warnings("share_connections = true\n[upstreams.near]\nurl = \"valkey://h\"",
                 "upstream = \"near\"\n" + std::string(asks))
            .empty());
}

TEST_CASE("a key that belongs to the top of the file is told so") {
  const Folder folder;
  const Lines lines = folder.problems(fine_and("origins = []\n"));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("b.toml:7: profiles.page.origins: unknown key; expected one of "));
  CHECK(lines[0].ends_with("; it belongs above the first [table] of the file"));
}

TEST_CASE("the commands that allow_unsafe may name are said") {
  const Folder folder;
  CHECK(folder.problems(fine_and("allow_unsafe = [\"client|kill\", \"shutdown\", \"a b\"]\n")) ==
        Lines{"b.toml:7: profiles.page.allow_unsafe: entry 2 is 'shutdown', which is not for "
              "allow_unsafe; expected client|kill, client|pause or client|unpause",
              "b.toml:7: profiles.page.allow_unsafe: entry 3 is not a command; expected "
              "client|kill, client|pause or client|unpause"});
}

}  // namespace
}  // namespace plimsoll::testing::whole_list_test

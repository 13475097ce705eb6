#include "plimsoll/tests/commands/scene.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "plimsoll/reply.h"
#include "plimsoll/tests/commands/reply_pattern.h"
#include "plimsoll/tests/native/connected.h"

namespace plimsoll::testing {
namespace {

using Words = std::vector<std::string>;

native::Client client_of(const ValkeyServer& server, native::Protocol protocol) {
  native::Options options = patient_options();
  options.protocol = protocol;
  options.topology = TopologyChoice::standalone;  // also on a node of a cluster
  return connected("unix://" + server.socket_path(), std::move(options));
}

std::shared_ptr<Stage> own_stage(const Words& arguments) {
  ValkeyServerOptions options{.listen = Listen::unix_socket_and_tcp,
                              .arguments = {"--enable-debug-command", "yes",  //
                                            "--enable-module-command", "yes"},
                              .program = server_program()};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  return std::make_shared<Stage>(options);
}

std::shared_ptr<Stage> stage_for(On server, const Words& arguments) {
  static std::shared_ptr<Stage> shared;
  static std::shared_ptr<Stage> cluster;
  switch (server) {
    case On::own: return own_stage(arguments);
    case On::shared:
      if (!shared) shared = own_stage({});
      return shared;
    case On::cluster:
      if (!cluster) cluster = own_stage({"--cluster-enabled", "yes"});
      return cluster;
  }
  throw std::logic_error("no such server");
}

// What a step keeps is an argument later: the bytes of a text, without quotes.
std::string kept_form(const Value& value) {
  if (const auto number = value.as_integer()) return std::to_string(*number);
  return native::to_string(*value.as_bytes());
}

}  // namespace

std::string server_program() {
  const char* chosen = std::getenv("PLIMSOLL_EXAMPLES_SERVER");
  return chosen == nullptr ? "" : chosen;
}

Stage::Stage(const ValkeyServerOptions& options)
    : server(options),
      resp3_client_(client_of(server, native::Protocol::resp3)),
      resp2_client_(client_of(server, native::Protocol::resp2)) {}

Scene::Scene(const Example& example) {
  kept_["files"] = files_.path();
  for (const std::string_view name : example.files) {
    std::ofstream(files_.path() + "/" + std::string(name)).flush();
  }
  stage_ = stage_for(example.server, filled_in(example.arguments));
  kept_["port"] = std::to_string(stage_->server.port());
  if (example.second_server) {
    second_ = std::make_unique<ValkeyServer>(
        ValkeyServerOptions{.listen = Listen::unix_socket_and_tcp, .program = server_program()});
    kept_["second_port"] = std::to_string(second_->port());
  }
  ask({"FLUSHALL"});
  ask({"FUNCTION", "FLUSH"});
  ask({"SCRIPT", "FLUSH"});
  if (example.server == On::cluster) ask({"CLUSTER", "RESET", "HARD"});
  play(example.setup);
}

void Scene::play(std::span<const Step> steps) {
  for (const Step& step : steps) play(step);
}

void Scene::play(const Step& step) {
  const Words words = filled_in(step.words);
  RawConnection& where = connection(step.connection);
  switch (step.kind) {
    case Step::Kind::send: where.send(words); return;
    case Step::Kind::until: wait_until(words, step.text); return;
    case Step::Kind::call:
    case Step::Kind::failed_call: {
      const Value reply = where.call(words);
      if (reply.is_error() != (step.kind == Step::Kind::failed_call)) {
        throw std::runtime_error(words.front() + " in the example's steps: " + shown(reply));
      }
      if (!step.text.empty()) kept_[std::string(step.text)] = kept_form(reply);
      return;
    }
  }
}

void Scene::wait_for_blocked_client() { wait_until({"INFO", "clients"}, "blocked_clients:1"); }

void Scene::wait_until(const Words& words, std::string_view text) {
  if (!eventually([&] { return ask(words).find(text) != std::string::npos; })) {
    throw std::runtime_error(words.front() + " never says " + std::string(text));
  }
}

Words Scene::filled_in(std::span<const std::string_view> words) const {
  Words filled;
  for (const std::string_view word : words) {
    std::string& text = filled.emplace_back(word);
    const std::size_t sign = text.find('$');
    if (sign == std::string::npos) continue;
    std::size_t end = text.find('/', sign);
    if (end == std::string::npos) end = text.size();
    const auto known = kept_.find(text.substr(sign + 1, end - sign - 1));
    if (known != kept_.end()) text.replace(sign, end - sign, known->second);
  }
  return filled;
}

std::string Scene::ask(const Words& words) { return shown(connection("").call(words)); }

RawConnection& Scene::connection(std::string_view name) {
  auto found = connections_.find(name);
  if (found == connections_.end()) {
    const ValkeyServer& server = name == "second" ? *second_ : stage_->server;
    found = connections_.emplace(name, std::make_unique<RawConnection>(server.socket_path())).first;
  }
  return *found->second;
}

}  // namespace plimsoll::testing

// One walk from a package through all that it needs, with nothing but the server's answers to go
// by.
//
// Sans I/O: the owner takes questions, gets them answered in any order, and hands the replies in.
// Each name is asked for once in a walk (so that cycles end) and nothing is kept from one walk to
// the next. The rule by which a relation is met is that of closure.h, written a second time: the
// two check each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plimsoll/demo/request.h"

namespace plimsoll::demo {

class Walk {
 public:
  struct Question {
    Topic topic{};
    std::string name;
  };

  explicit Walk(std::string root);

  /// What to ask next; nothing if that depends on answers that are still to come, or if the walk is
  /// done.
  [[nodiscard]] std::optional<Question> next();

  /// The answer to a question that next() gave.
  void handle_reply(const Question& question, const Reply& reply);

  [[nodiscard]] bool done() const { return questions_.empty() && unanswered_count_ == 0; }

  /// What was found; whole once the walk is done.
  struct Findings {
    std::vector<std::string> members;
    std::uint64_t installed_kib = 0;
    std::size_t missing_count = 0;
    bool cyclic = false;
  };
  [[nodiscard]] const Findings& findings() const { return findings_; }

 private:
  // A relation on its way through its alternatives.
  struct Need {
    bool of_root = false;
    std::vector<std::string> names;
    std::size_t tried_count = 0;
  };

  enum class Standing { asked, present, provided, absent };
  struct Name {
    Standing standing = Standing::asked;
    std::string provider;       // where provided
    std::vector<Need> waiting;  // for the answer, while asked
  };

  Name& ask(const std::string& name);
  void follow(Need need);
  void settle(const std::string& name, Standing standing);
  void reach(const std::string& name, const Need& need);

  void handle_version(const std::string& name, const Reply& reply);
  void handle_fields(const Reply& reply);
  void handle_depends(const std::string& name, const Reply& reply);
  void handle_providers(const std::string& name, const Reply& reply);

  std::string root_;
  std::unordered_map<std::string, Name> names_;
  std::deque<Question> questions_;
  std::size_t unanswered_count_ = 0;
  Findings findings_;
};

}  // namespace plimsoll::demo

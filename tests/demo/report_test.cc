#include "plimsoll/demo/report.h"

#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::demo::report_test {
namespace {

Model empty_model() { return Model({}); }

TEST_CASE("the last line tells what was checked and what was wrong") {
  const auto model = empty_model();
  Verdict verdict(model);
  verdict.check({Verb::read, Topic::version, "a"}, Reply(std::optional<std::string>()));

  std::ostringstream good;
  Report(good, Report::Target::file).end(verdict, "");
  CHECK(good.str().ends_with("\ndemo: 1 reply and 0 closures checked, 0 wrong\n"));

  verdict.check({Verb::read, Topic::version, "a"}, Reply(std::optional<std::string>("1")));
  std::ostringstream bad;
  Report(bad, Report::Target::file).end(verdict, "");
  CHECK(bad.str().ends_with("\ndemo: 2 replies and 0 closures checked, 1 wrong\n"));
  CHECK(bad.str().find("GET package:a gave '1', not what the files say") != std::string::npos);
}

TEST_CASE("the last line says why a run did not come to its end") {
  const auto model = empty_model();
  Verdict verdict(model);

  std::ostringstream early;
  Report(early, Report::Target::file).end(verdict, "no server");
  CHECK(early.str() == "\ndemo: no server\n");

  verdict.check({Verb::read, Topic::version, "a"}, Reply(std::optional<std::string>()));
  std::ostringstream late;
  Report(late, Report::Target::file).end(verdict, "interrupted");
  CHECK(late.str() == "\ndemo: stopped: interrupted; 1 reply and 0 closures checked, 0 wrong\n");
}

TEST_CASE("a file gets lines only: no colours, and no progress") {
  std::ostringstream out;
  Report report(out, Report::Target::file);

  report.title();
  report.progress("load", "1,000 replies");
  report.line("load", "done");
  report.line("", "and more");

  CHECK(out.str().find('\x1b') == std::string::npos);
  CHECK(out.str().find("1,000") == std::string::npos);
  CHECK(out.str().ends_with("\nload     done\n         and more\n"));
}

TEST_CASE("on a terminal a line takes the place of the progress before it") {
  std::ostringstream out;
  Report report(out, Report::Target::terminal);

  report.progress("load", "1,000 replies");
  report.line("load", "done");

  const auto text = out.str();
  CHECK(text.find("1,000 replies") < text.rfind('\r'));
  CHECK(text.rfind('\r') < text.find("done"));
}

}  // namespace
}  // namespace plimsoll::demo::report_test

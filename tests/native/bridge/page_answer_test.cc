#include "plimsoll/native/bridge/pages/page_answer.h"

#include <string>
#include <string_view>

#include <boost/beast/http/verb.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/page_files.h"

// What a request is answered: the head, and whose bytes.

namespace plimsoll::testing::page_answer_test {
namespace {

namespace http = boost::beast::http;
using bridge::Afterwards;
using bridge::answer_with_page;
using bridge::PageAnswer;
using bridge::Pages;
using bridge::Request;

// Every answer has them.
constexpr std::string_view restrictions[] = {
    "Content-Security-Policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
    "Cross-Origin-Opener-Policy: same-origin\r\n",
    "Cross-Origin-Embedder-Policy: require-corp\r\n",
    "Cross-Origin-Resource-Policy: same-origin\r\n",
    "X-Content-Type-Options: nosniff\r\n",
    "Referrer-Policy: no-referrer\r\n",
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"};

bool has(const PageAnswer& answer, std::string_view text) {
  return answer.head.find(text) != std::string::npos;
}

struct World {
  PageFiles files;
  Pages pages;

  World() : pages(fill(files)) {}

  PageAnswer ask(const Request& request, Afterwards afterwards = Afterwards::keep_alive) const {
    PageAnswer answer = answer_with_page(pages, request, afterwards);
    for (const std::string_view each : restrictions) CHECK(has(answer, each));
    CHECK(answer.head.ends_with("\r\n\r\n"));
    return answer;
  }

  static std::string fill(PageFiles& files) {
    files.add("index.html", "<p>home").add("assets/a-1f.js", "let a").add("assets/a-1f.js.gz", "z");
    return files.path();
  }
};

Request get(std::string_view target, unsigned version = 11) {
  return Request(http::verb::get, {target.data(), target.size()}, version);
}

TEST_CASE("a page is its bytes, its kind, and to be asked for again") {
  const World world;
  const PageAnswer answer = world.ask(get("/"));
  CHECK(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.body == "<p>home");
  CHECK(answer.keeps_alive);
  CHECK(has(answer, "Content-Type: text/html; charset=utf-8\r\n"));
  CHECK(has(answer, "Content-Length: 7\r\n"));
  CHECK(has(answer, "Cache-Control: no-cache\r\n"));
  CHECK(has(answer, "ETag: \""));
  CHECK_FALSE(has(answer, "Vary:"));
}

TEST_CASE("below /assets/ a page is good for ever") {
  const World world;
  CHECK(has(world.ask(get("/assets/a-1f.js")),
            "Cache-Control: public, max-age=31536000, immutable\r\n"));
}

TEST_CASE("whoever accepts a coding is told which he gets, and caches that others do not") {
  const World world;
  Request request = get("/assets/a-1f.js");
  const PageAnswer plain = world.ask(request);
  CHECK(plain.body == "let a");
  CHECK(has(plain, "Vary: Accept-Encoding\r\n"));
  request.insert("Accept-Encoding", "br");
  request.insert("Accept-Encoding", "gzip");
  const PageAnswer coded = world.ask(request);
  CHECK(coded.body == "z");
  CHECK(has(coded, "Content-Encoding: gzip\r\n"));
  CHECK(has(coded, "Vary: Accept-Encoding\r\n"));
  CHECK(has(coded, "Content-Type: text/javascript; charset=utf-8\r\n"));
}

TEST_CASE("whoever has it already is told so, without a body or its length") {
  const World world;
  Request request = get("/assets/a-1f.js");
  const std::string etag = world.pages.find("/assets/a-1f.js", "").page->etag;
  for (const std::string& given :
       {etag, "W/" + etag, "\"x\", " + etag + " ,\"y\"", std::string("*")}) {
    INFO(given);
    request.set(http::field::if_none_match, given);
    const PageAnswer answer = world.ask(request);
    CHECK(answer.head.starts_with("HTTP/1.1 304 Not Modified\r\n"));
    CHECK(answer.body.empty());
    CHECK(has(answer, "ETag: " + etag));
    CHECK(has(answer, "Vary: Accept-Encoding\r\n"));
    CHECK(has(answer, "Cache-Control: public"));
    CHECK_FALSE(has(answer, "Content-Length"));
  }
  // Another coding is another thing to have.
  request.set(http::field::if_none_match, etag);
  request.set(http::field::accept_encoding, "gzip");
  CHECK(world.ask(request).body == "z");
  request.set(http::field::if_none_match, "\"x\"");
  CHECK(world.ask(request).body == "z");
}

TEST_CASE("HEAD is answered as GET, without the body") {
  const World world;
  Request request = get("/");
  request.method(http::verb::head);
  const PageAnswer answer = world.ask(request);
  CHECK(answer.status == http::status::ok);
  CHECK(has(answer, "Content-Length: 7\r\n"));
  CHECK(answer.body.empty());
}

TEST_CASE("what is not there is not there, and the connection goes on") {
  const World world;
  const PageAnswer answer = world.ask(get("/nothing"));
  CHECK(answer.status == http::status::not_found);
  CHECK(has(answer, "Content-Length: 0\r\n"));
  CHECK(answer.keeps_alive);
}

TEST_CASE("a connection goes on if both want it to") {
  const World world;
  CHECK(has(world.ask(get("/"), Afterwards::close), "Connection: close\r\n"));
  Request request = get("/");
  request.keep_alive(false);
  CHECK_FALSE(world.ask(request).keeps_alive);
  CHECK_FALSE(world.ask(get("/", 10)).keeps_alive);
  CHECK(world.ask(get("/", 10)).head.starts_with("HTTP/1.0 200"));
}

}  // namespace
}  // namespace plimsoll::testing::page_answer_test

#include "plimsoll/tests/core/resp/random_reply.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace plimsoll::testing {
namespace {

bool chance(Random& random, std::size_t one_in) { return below(random, one_in) == 0; }

std::string random_bytes(Random& random) {
  // Mostly short; CR, LF and type bytes often, as they could mislead a parser.
  static constexpr std::string_view likely = "\r\n$*+:;.|>0-1";
  const std::size_t size = chance(random, 20)  ? below(random, 5000)
                           : chance(random, 3) ? 0
                                               : below(random, 40);
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    byte = chance(random, 2) ? likely[below(random, likely.size())]
                             : static_cast<char>(below(random, 256));
  }
  return bytes;
}

std::string random_line(Random& random) {
  if (chance(random, 4)) return "OK";
  if (chance(random, 4)) return std::string(below(random, 3), '1');
  std::string line = random_bytes(random);
  std::erase_if(line, [](char c) { return c == '\r' || c == '\n'; });
  return line;
}

std::string random_digits(Random& random, std::size_t max) {
  std::string digits(1 + below(random, max), '0');
  for (char& digit : digits) digit = static_cast<char>('0' + below(random, 10));
  return digits;
}

std::string random_real(Random& random) {
  if (chance(random, 5)) {
    static constexpr std::string_view special[] = {"inf", "-inf", "nan", "-nan", "-0"};
    return std::string(special[below(random, std::size(special))]);
  }
  std::string number = (chance(random, 2) ? "-" : "") + random_digits(random, 12);
  if (chance(random, 2)) number += "." + random_digits(random, 12);
  if (chance(random, 3)) number += (chance(random, 2) ? "e-" : "E") + random_digits(random, 3);
  return number;
}

std::int64_t random_integer(Random& random) {
  const std::uint64_t bits =
      (std::uint64_t{random()} << 40) ^ (std::uint64_t{random()} << 20) ^ random();
  switch (below(random, 6)) {
    case 0: return INT64_MAX;
    case 1: return INT64_MIN;
    case 2: return static_cast<std::int64_t>(bits);
    case 3: return -static_cast<std::int64_t>(below(random, 100));
    default: return static_cast<std::int64_t>(below(random, 1000));
  }
}

Model random_scalar(Random& random) {
  switch (below(random, 10)) {
    case 0: return null();
    case 1: return boolean(chance(random, 2));
    case 2: return text(Type::real, random_real(random));
    case 3:
      return text(Type::big_number, (chance(random, 2) ? "-" : "") + random_digits(random, 60));
    case 4: return text(Type::simple_string, random_line(random));
    case 5: return text(Type::simple_error, random_line(random));
    case 6: return text(Type::bulk_error, random_bytes(random));
    case 7: return text(Type::verbatim, "txt:" + random_bytes(random));
    case 8: return integer(random_integer(random));
    default: return bulk(random_bytes(random));
  }
}

std::vector<Model> random_elements(Random& random, std::size_t count, std::size_t size,
                                   std::size_t depth) {
  std::vector<Model> elements;
  for (std::size_t i = 0; i < count; ++i) {
    elements.push_back(random_reply(random, size / count, depth));
  }
  return elements;
}

class WireWriter {
 public:
  explicit WireWriter(Random& random) : random_(random) {}

  std::string write(const Model& model) {
    std::string out;
    if (!model.attributes.empty()) {
      out += "|" + length(model.attributes.size() / 2) + write_all(model.attributes);
    }
    return out + write_bare(model);
  }

 private:
  std::string write_bare(const Model& model) {
    switch (model.type) {
      case Type::null:
        return chance(random_, 2) ? "_\r\n" : chance(random_, 2) ? "$-1\r\n" : "*-1\r\n";
      case Type::boolean: return model.integer != 0 ? "#t\r\n" : "#f\r\n";
      case Type::integer: return ":" + std::to_string(model.integer) + "\r\n";
      case Type::real: return "," + model.text + "\r\n";
      case Type::big_number: return "(" + model.text + "\r\n";
      case Type::simple_string: return "+" + model.text + "\r\n";
      case Type::simple_error: return "-" + model.text + "\r\n";
      case Type::bulk_error: return "!" + counted(model.text);
      case Type::verbatim: return "=" + counted(model.text);
      case Type::bulk_string:
        return chance(random_, 8) ? streamed(model.text) : "$" + counted(model.text);
      case Type::array: return aggregate("*", model);
      case Type::set: return aggregate("~", model);
      case Type::map: return aggregate("%", model);
      case Type::push: return ">" + length(model.elements.size()) + write_all(model.elements);
      case Type::attribute:
      case Type::piece:
      case Type::link: break;
    }
    return "";
  }

  std::string aggregate(const std::string& type, const Model& model) {
    const std::string elements = write_all(model.elements);
    if (chance(random_, 5)) return type + "?\r\n" + elements + ".\r\n";
    const std::size_t count = model.elements.size();
    return type + length(model.type == Type::map ? count / 2 : count) + elements;
  }

  std::string write_all(const std::vector<Model>& models) {
    std::string out;
    for (const Model& model : models) out += write(model);
    return out;
  }

  std::string length(std::size_t number) {
    return (chance(random_, 10) ? "0" : "") + std::to_string(number) + "\r\n";
  }

  std::string counted(const std::string& bytes) { return length(bytes.size()) + bytes + "\r\n"; }

  std::string streamed(const std::string& bytes) {
    std::string out = "$?\r\n";
    for (std::size_t at = 0; at < bytes.size();) {
      const std::string chunk = bytes.substr(at, 1 + below(random_, bytes.size()));
      out += ";" + counted(chunk);
      at += chunk.size();
    }
    return out + ";" + length(0);
  }

  Random& random_;
};

}  // namespace

std::size_t below(Random& random, std::size_t end) { return random() % end; }

Model random_reply(Random& random, std::size_t size, std::size_t depth) {
  Model model;
  if (size < 2 || depth == 0 || chance(random, 10)) {
    model = random_scalar(random);
  } else {
    const std::size_t count = chance(random, 10) ? 0 : 1 + below(random, size);
    switch (below(random, 5)) {
      case 0: model = aggregate(Type::set, random_elements(random, count, size, depth - 1)); break;
      case 1:
        model = aggregate(Type::map, random_elements(random, count * 2, size, depth - 1));
        break;
      case 2:
        model = aggregate(Type::push, random_elements(random, count + 1, size, depth - 1));
        break;
      default: model = array(random_elements(random, count, size, depth - 1)); break;
    }
  }
  if (depth > 0 && chance(random, 12)) {
    model.attributes = random_elements(random, 2 * (1 + below(random, 2)), 4, depth - 1);
  }
  return model;
}

std::string wire_of(const Model& model, Random& random) { return WireWriter(random).write(model); }

}  // namespace plimsoll::testing

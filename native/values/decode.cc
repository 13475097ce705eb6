#include "plimsoll/decode.h"

namespace plimsoll::inline v0::native {
namespace {

template <class T>
plimsoll::Status take(const plimsoll::Result<T>& from, T& out) {
  if (!from) return from.error();
  out = *from;
  return {};
}

}  // namespace

plimsoll::Status decode(const Value& value, std::string& out) {
  const Node& node = *value.node();
  if (node.type == Type::bulk_string && !node.split) {
    // A short cut for most strings. A new string costs less than to grow an empty one.
    out = std::string(node.bytes, node.size);
    return {};
  }
  const auto bytes = value.as_bytes();
  if (!bytes) return bytes.error();
  if (bytes->contiguous()) {
    out.assign(bytes->view());
  } else {
    out = to_string(*bytes);
  }
  return {};
}

plimsoll::Status decode(const Value& value, std::int64_t& out) {
  return take(value.as_integer(), out);
}

plimsoll::Status decode(const Value& value, double& out) { return take(value.as_real(), out); }

plimsoll::Status decode(const Value& value, bool& out) { return take(value.as_boolean(), out); }

plimsoll::Status decode(const Value& value, std::vector<bool>& out) {
  const auto elements = value.as_elements();
  if (!elements) return elements.error();
  out.clear();
  for (const Value& element : *elements) {
    bool each = false;
    if (const auto status = decode(element, each); !status) return status;
    out.push_back(each);
  }
  return {};
}

Elements elements(const Value& value) {
  const auto all = value.as_elements();
  if (!all) throw Error(all.error());
  return *all;
}

Entries entries(const Value& value) {
  const auto all = value.as_entries();
  if (!all) throw Error(all.error());
  return *all;
}

}  // namespace plimsoll::inline v0::native

#include <cstdint>

#include "plimsoll/native/allocator/allocator.h"

// Source: jemalloc.net/jemalloc.3.html, "mallctl" and its names.
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_bytes,
                                     void* replacement, std::size_t replacement_bytes);

namespace plimsoll::inline v0::native::detail {
namespace {

using Control = decltype(::mallctl);

template <class Value>
std::optional<Value> read(Control* control, const char* name) {
  Value value{};
  std::size_t bytes = sizeof value;
  if (control(name, &value, &bytes, nullptr, 0) != 0 || bytes != sizeof value) return std::nullopt;
  return value;
}

// Shortens "5.3.0-0-g54eaed1d8b56..." to "5.3.0".
std::string version_of(Control* control) {
  const std::string_view text = read<const char*>(control, "version").value_or("");
  return std::string(text.substr(0, text.find('-')));
}

class Jemalloc final : public Allocator {
 public:
  explicit Jemalloc(Control* control)
      : Allocator("jemalloc", version_of(control)), control_(control) {}

  bool can_give_back() const override { return true; }

  // 4096 is MALLCTL_ARENAS_ALL. Muzzy pages count as resident until the system takes them.
  std::optional<std::size_t> excess(std::size_t) const override {
    std::uint64_t epoch = 1;
    std::size_t bytes = sizeof epoch;
    control_("epoch", &epoch, &bytes, &epoch, sizeof epoch);
    const auto page = read<std::size_t>(control_, "arenas.page");
    const auto dirty = read<std::size_t>(control_, "stats.arenas.4096.pdirty");
    const auto muzzy = read<std::size_t>(control_, "stats.arenas.4096.pmuzzy");
    if (!page || !dirty) return std::nullopt;
    return (*dirty + muzzy.value_or(0)) * *page;
  }

  void give_back() const override { call("arena.4096.purge"); }
  void give_back_thread() const override { call("thread.tcache.flush"); }

 private:
  void call(const char* name) const { control_(name, nullptr, nullptr, nullptr, 0); }

  Control* control_;
};

}  // namespace

// A jemalloc that is built with a prefix has je_mallctl() and does not provide malloc, so it is not
// found here.
std::unique_ptr<Allocator> find_jemalloc(const MallocObject& object) {
  Control* const control = object.function<Control>("mallctl", ::mallctl);
  return control != nullptr ? std::make_unique<Jemalloc>(control) : nullptr;
}

}  // namespace plimsoll::inline v0::native::detail

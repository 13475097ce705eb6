#include "plimsoll/native/allocator/allocator.h"

// gperftools' tcmalloc (malloc_extension_c.h), with or without its profiler. Google's newer
// tcmalloc has other functions, and its own thread that returns memory.
extern "C" {
[[gnu::weak]] int MallocExtension_GetNumericProperty(const char* property, std::size_t* value);
[[gnu::weak]] void MallocExtension_ReleaseToSystem(std::size_t bytes);
[[gnu::weak]] void MallocExtension_MarkThreadIdle();
[[gnu::weak]] const char* tc_version(int* major, int* minor, const char** patch);
}

namespace plimsoll::inline v0::native::detail {
namespace {

// The most to release at a time, because tcmalloc holds its lock while it releases.
constexpr std::size_t step_bytes = 8 * 1024 * 1024;

struct Functions {
  decltype(::MallocExtension_GetNumericProperty)* property;
  decltype(::MallocExtension_ReleaseToSystem)* release;
  decltype(::MallocExtension_MarkThreadIdle)* mark_idle;
  decltype(::tc_version)* version;
};

std::string version_of(const Functions& functions) {
  if (functions.version == nullptr) return {};
  int major = 0;
  int minor = 0;
  const char* patch = nullptr;
  functions.version(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor);
}

class Tcmalloc final : public Allocator {
 public:
  explicit Tcmalloc(const Functions& functions)
      : Allocator("tcmalloc", version_of(functions)), functions_(functions) {}

  bool can_give_back() const override { return true; }

  // Counts whole free pages. Memory in the caches for objects is neither counted nor released.
  std::optional<std::size_t> excess(std::size_t) const override {
    std::size_t bytes = 0;
    const int known = functions_.property("tcmalloc.pageheap_free_bytes", &bytes);
    return known != 0 ? std::optional(bytes) : std::nullopt;
  }

  // Other threads may free memory during the loop, so the number of steps is bounded by what was
  // free at the start.
  void give_back() const override {
    for (std::size_t steps = excess(0).value_or(0) / step_bytes + 1; steps > 0; --steps) {
      functions_.release(step_bytes);
    }
  }

  void give_back_thread() const override {
    if (functions_.mark_idle != nullptr) functions_.mark_idle();
  }
  bool has_thread_part() const override { return functions_.mark_idle != nullptr; }

 private:
  Functions functions_;
};

}  // namespace

std::unique_ptr<Allocator> find_tcmalloc(const MallocObject& object) {
  const Functions functions{
      .property = object.function("MallocExtension_GetNumericProperty",
                                  ::MallocExtension_GetNumericProperty),
      .release =
          object.function("MallocExtension_ReleaseToSystem", ::MallocExtension_ReleaseToSystem),
      .mark_idle =
          object.function("MallocExtension_MarkThreadIdle", ::MallocExtension_MarkThreadIdle),
      .version = object.function("tc_version", ::tc_version),
  };
  if (functions.property == nullptr || functions.release == nullptr) return nullptr;
  return std::make_unique<Tcmalloc>(functions);
}

}  // namespace plimsoll::inline v0::native::detail

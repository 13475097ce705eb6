// What ThreadSanitizer may not report in these tests. It asks the program for this list.

extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  // Debian's libstdc++ is not instrumented: TSan does not see the counters by which exception_ptr
  // and the text of a runtime_error are shared between a future's two ends, and takes the last
  // owner's free() for a race.
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::runtime_error::~runtime_error\n";
}

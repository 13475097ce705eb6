#pragma once

// Defines PLIMSOLL_BENCH_SANITIZED where a sanitizer needs malloc for itself.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLIMSOLL_BENCH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLIMSOLL_BENCH_SANITIZED 1
#endif
#endif

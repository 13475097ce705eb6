# Compiles for Linux with musl: ZIG_ARCHITECTURE is x86_64 or aarch64, ZIG_TOOLS the folder of the programs that
# tools/dev/package-bridge-static.sh writes, each of which calls Zig for that architecture.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${ZIG_ARCHITECTURE})
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ZIG_ARCHITECTURE ZIG_TOOLS)
set(CMAKE_C_COMPILER ${ZIG_TOOLS}/cc)
set(CMAKE_CXX_COMPILER ${ZIG_TOOLS}/c++)
set(CMAKE_AR ${ZIG_TOOLS}/ar)
set(CMAKE_RANLIB ${ZIG_TOOLS}/ranlib)

# This machine's libraries are glibc's, and so are its headers.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# To link a program, Zig has to compile musl and libc++ for that kind of program. Only the bridge is linked: with a target,
# CMake asks the compiler for its name without linking, and tries nothing but libraries.
set(CMAKE_CXX_COMPILER_TARGET ${ZIG_ARCHITECTURE}-linux-musl)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

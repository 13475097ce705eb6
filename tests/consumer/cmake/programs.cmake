# What each of these projects builds and runs, against the library that it has found in its own way.

set(programs ${CMAKE_CURRENT_LIST_DIR}/..)

add_executable(app ${programs}/app.cc)
target_link_libraries(app PRIVATE Plimsoll::client)

add_executable(configured ${programs}/configured.cc)
target_link_libraries(configured PRIVATE Plimsoll::config)

# The program of the pages that begin with an empty folder, which app_test runs.
add_executable(ship ${programs}/ship.cc)
target_link_libraries(ship PRIVATE Plimsoll::client)

# As it is where warnings are errors: Plimsoll's headers must not give any, wherever they lie.
add_executable(app_test ${programs}/app_test.cc ${programs}/server.cc)
target_compile_options(app_test PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
set_target_properties(app_test PROPERTIES NO_SYSTEM_FROM_IMPORTED ON)
target_link_libraries(app_test PRIVATE Plimsoll::client)

enable_testing()
add_test(NAME app_test COMMAND app_test)
set_tests_properties(app_test PROPERTIES ENVIRONMENT TEST_TMPDIR=${CMAKE_CURRENT_BINARY_DIR})

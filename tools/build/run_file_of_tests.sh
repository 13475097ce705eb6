#!/bin/bash
# run_file_of_tests.sh PROGRAM FILE [ARGUMENTS...]: the Catch2 cases of PROGRAM that FILE.cc defines.
exec "$1" --filenames-as-tags --warn UnmatchedTestSpec "[#$2]" "${@:3}"

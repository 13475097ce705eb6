#!/bin/bash
# ./dev fmt: formats the C++ sources. With --check, only says which are not formatted.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh

mode=(-i)
case ${1:-} in
  '') ;;
  --check) mode=(--dry-run --Werror) ;;
  *) die "unknown option '$1'" ;;
esac

tools/dev/setup.sh --quiet fmt
mapfile -t files < <(find . \( -name 'bazel-*' -o -name node_modules -o -name '.?*' \) -prune \
  -o -type f \( -name '*.h' -o -name '*.cc' \) -print)
[ ${#files[@]} -eq 0 ] || clang-format-19 "${mode[@]}" "${files[@]}" || die "run ./dev fmt"
say "formatted: ${#files[@]} files"

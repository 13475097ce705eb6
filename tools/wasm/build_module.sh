#!/bin/bash
# build_module.sh MODULE -- COMPILE_FLAGS... -- LINK_FLAGS... -- HOT_SOURCES... -- SOURCES...
#
# Compiles each source by itself: small first, since every page loads it all, but fast where it is
# one of the hot ones. Then links them in one unit.
set -euo pipefail

module=$1
shift 2
lists=(compile link hot sources)
compile=() link=() hot=() sources=()
for list in "${lists[@]}"; do
  declare -n into=$list
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    into+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
done

level_of() {
  local each
  for each in "${hot[@]}"; do
    [[ $1 != *"$each" ]] || { echo -O2 && return; }
  done
  echo -Oz
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the flags say last counts, so that a module may choose another level for all.
compile() { em++ "$(level_of "$1")" "${compile[@]}" -c "$1" -o "$2"; }

objects=()
running=0
for source in "${sources[@]}"; do
  objects+=("$work/${source//\//_}.o")
  compile "$source" "${objects[-1]}" &
  running=$((running + 1))
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n
    running=$((running - 1))
  fi
done
for ((; running > 0; --running)); do wait -n; done

em++ "${link[@]}" "${objects[@]}" -o "$module"

#!/bin/bash
# ./dev commands: asks the installed valkey-server for its commands, and writes the data file that
# the build makes the table, the builders and their documents from; then makes docs/commands.md anew.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh

tools/dev/setup.sh --quiet commands
data=core/commands/data
said=$(python3 -B tools/commands/collect.py --output "$data/commands.json" "$@") ||
  die "the server's commands could not be collected"
python3 -B tools/commands/generate.py commands.md --data "$data" --output docs/commands.md ||
  die "$data/commands.toml or arguments.toml does not fit what the server says"
say "written: $data/commands.json ($said) and docs/commands.md"

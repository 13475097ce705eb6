# shellcheck shell=bash
# Finds a Node that is new enough for our tests, or gets one: Debian 12's own is not.

node_wanted='20.19 or newer'
node_local=.node/node_modules/node/bin/node

node_is_new() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# Prints the path of a Node that will do; fails if there is none yet.
find_node() {
  local candidate
  for candidate in "$(command -v node)" "$PWD/$node_local"; do
    if [ -x "$candidate" ] && node_is_new "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# The npm package "node" brings the program itself, for this project alone.
install_node() {
  command -v npm >/dev/null || apt_install npm
  say "installing Node ($node_wanted) into .node"
  mkdir -p .node
  # Node knows certificates of its own, and not those that this machine has been told to trust.
  NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} \
    npm install --prefix .node --no-save --no-audit --no-fund --loglevel=error node@22 >&2 ||
    die "npm could not install Node"
  find_node >/dev/null || die "npm installed no Node that is $node_wanted"
}

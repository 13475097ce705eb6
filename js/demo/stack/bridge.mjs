// The bridge as the demo has it: with the page, and with two tokens, of which one may make trouble.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { makeToken } from "../../test/package/bridge.mjs";
import { startChild } from "./child.mjs";

// What --local lets anybody have goes for the page. The limits are those of one visitor who reloads, or
// has several tabs, all from one address.
const configOf = ({ port, server, pages }) => `
listen = ["127.0.0.1:${port}"]
tokens_file = "tokens"

[pages]
folder = ${JSON.stringify(pages)}

[upstreams.demo]
url = "${server.address}"

[profiles.page]
upstream = "demo"
allow = ["@all"]
deny = ["@admin", "@dangerous"]
channel_prefixes = [""]
connections_max = 1000

[profiles.trouble]
upstream = "demo"
allow_unsafe = ["client|kill", "client|pause", "client|unpause"]

[limits]
request_bytes_max = "16 MiB"
connections_per_address_max = 1000
upgrades_per_second_per_address = 1000
`;

/** In front of a server, in a folder of its own; `port` 0 picks a free one. `onFall` as of startChild(). */
export const startBridge = async ({ program, folder, onFall, ...where }) => {
  const page = makeToken(program, "page");
  const trouble = makeToken(program, "trouble");
  writeFileSync(join(folder, "tokens"), `${page.line}\n${trouble.line}\n`, { mode: 0o600 });
  const config = join(folder, "bridge.toml");
  writeFileSync(config, configOf(where));
  const child = await startChild(program, ["--config", config], /listening on ws:\/\/(\S+?)\/?\s/,
    { onFall });
  const origin = `http://${child.found[1]}`;
  return {
    origin,
    token: page.token,
    troubleToken: trouble.token,
    pid: child.pid,
    stop: child.stop,
  };
};

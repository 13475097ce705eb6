// The bridge itself, with a token of its own, in front of one server on loopback.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.PLIMSOLL_BRIDGE ?? "plimsoll-bridge";

/** A fresh token for a profile, and its line for the file of tokens, as `command` prints them. */
export const makeToken = (command, profile) => {
  const made = execFileSync(command, ["--make-token", profile], { encoding: "utf8" });
  return { token: /^token: (.+)$/m.exec(made)[1],
    line: /^line for the tokens file: (.+)$/m.exec(made)[1] };
};

// Commands that the bridge lets nobody have, posted in a line.
export const startAdministration = async (port) => {
  const http = createServer((request, response) => {
    const server = connect(port, "127.0.0.1");
    request.on("data", (line) => server.write(line));
    request.on("end", () => server.write("\r\n"));
    server.once("data", (reply) => {
      const status = reply.toString().startsWith("-") ? 400 : 200;
      response.writeHead(status, { "access-control-allow-origin": "*" }).end();
      server.destroy();
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return http;
};

/**
 * The bridge as `command`, once it has said its `last` words, by default those of --local. stop() resolves
 * to the status, or the signal, that it ended with.
 */
export const runBridge = async (command, args, last = /^token: .+$/m) => {
  const bridge = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(bridge, "exit");
  let said = "";
  for await (const text of bridge.stdout) {
    said += text;
    if (last.test(said)) break;
  }
  const address = /listening on (wss?:\S+)/.exec(said)?.[1];
  const token = /^token: (.+)$/m.exec(said)?.[1];
  if (!last.test(said)) throw new Error(`plimsoll-bridge does not start:\n${said}`);
  const stop = async (signal = "SIGTERM") => {
    bridge.kill(signal);
    const [status, endedBy] = await ended;
    return status ?? endedBy;
  };
  return { address, token, stop, signal: (name) => bridge.kill(name) };
};

/** Listens until stop(). `config`, `limits`: lines of its file; `args`: more of its command line. */
export const startBridge = async ({ port },
  { listen = "127.0.0.1:0", config = "", limits = "", args = [] } = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-bridge-"));
  const file = join(folder, "bridge.toml");
  writeFileSync(file, `${config}\n[limits]\nrequest_bytes_max = "16 MiB"\n${limits}\n`);
  const bridge = await runBridge(program, ["--local", "--allow", "@all", "--listen", listen,
    "--config", file, "--upstream", `valkey://127.0.0.1:${port}`, ...args]);
  const http = await startAdministration(port);
  const administration = `http://127.0.0.1:${http.address().port}/`;
  const stop = async () => {
    const status = await bridge.stop();
    http.closeAllConnections();
    http.close();
    rmSync(folder, { recursive: true, force: true });
    return status;
  };
  return { ...bridge, administration, stop };
};

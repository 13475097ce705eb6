// The cases of docs/bridge-cases.json, tried on the bridge itself: with a connection to the server for each WebSocket,
// and with shared ones.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { WebSocket } from "ws";

import { makeToken, runBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

const { setup, openings, sessions } = JSON.parse(readFileSync("bridge-cases.json", "utf8"));
const program = process.env.PLIMSOLL_BRIDGE;

const ways = { "a connection each": "", "shared connections": "share_connections = true" };

let server;
let token;
let folder;
const bridges = {};

before(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "plimsoll-cases-"));
  const made = makeToken(program, "page");
  token = made.token;
  writeFileSync(join(folder, "tokens"), made.line);
  for (const [way, line] of Object.entries(ways)) bridges[way] = await startBridge(way, line);
});

const startBridge = (way, line) => {
  const list = (name) => `${name} = ${JSON.stringify(setup[name])}`;
  const file = join(folder, `${way}.toml`);
  writeFileSync(file, `
    listen = ["127.0.0.1:0"]
    tokens_file = "tokens"
    ${list("origins")}
    ${setup.upstreams.map((name) => `[upstreams.${name}]\nurl = "${server.address}"\n${line}`).join("\n")}
    [profiles.page]
    ${["allow", "key_prefixes", "channel_prefixes"].map(list).join("\n")}
    [limits]
    message_bytes_max = ${setup.message_bytes_max}
    request_bytes_max = ${setup.request_bytes_max}
    upgrades_per_second_per_address = 1000
  `);
  return runBridge(program, ["--config", file], /listening on .+$/m);
};

after(async () => {
  for (const bridge of Object.values(bridges)) await bridge.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
});

// A text, or one that is too long to be written down.
const text = (said) => typeof said === "string" ? said : said.of.repeat(said.times);
const bytes = (said) => Buffer.from(text(said), "latin1");

const open = async (bridge, { path = "/", method = "GET", headers = {}, protocols, token: which, close }) => {
  const { port } = new URL(bridge.address);
  const offered = protocols.map((each) =>
    each.replace("TOKEN", Buffer.from(token).toString("base64url")));
  const all = {
    Host: "127.0.0.1", Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...(offered.length > 0 && { "Sec-WebSocket-Protocol": offered.join(", ") }),
    ...(which !== undefined && { Authorization: `Bearer ${which === "good" ? token : which}` }),
    ...Object.fromEntries(Object.entries(headers)
      .map(([name, value]) => [name, Array.isArray(value) ? value : text(value)])),
  };
  const asked = request({ port, host: "127.0.0.1", path: text(path).replace("TOKEN", token), method,
    headers: all });
  asked.end();
  const answer = await new Promise((resolve, reject) => {
    asked.once("upgrade", async (response, socket, head) => {
      response.sent = head;
      while (close !== undefined && response.sent.length < 4) {
        response.sent = Buffer.concat([response.sent, (await once(socket, "data"))[0]]);
      }
      socket.destroy();
      resolve(response);
    });
    asked.once("response", (response) => { response.resume(); resolve(response); });
    asked.once("error", reject);
  });
  return answer;
};

for (const each of openings) {
  test(`opening: ${each.what}`, async () => {
    const { statusCode, headers, sent } = await open(bridges["a connection each"], each);
    if (each.close !== undefined) {
      assert.equal(sent[0], 0x88);
      assert.equal(sent.readUInt16BE(2), each.close);
    }
    assert.equal(statusCode, each.status);
    assert.equal(headers["sec-websocket-protocol"], each.chosen);
    assert.equal(headers["sec-websocket-extensions"], undefined);
    for (const [name, value] of Object.entries(each.answer ?? {})) assert.equal(headers[name], value);
  });
}

// What has come of RESP, to be taken from its front.
class Received {
  #bytes = "";
  #changed = () => {};

  constructor(socket) {
    const skipped = socket.protocol === "resp" ? 0 : 1;
    socket.on("message", (message) => {
      if (skipped > 0) assert.equal(message[0], 0);
      this.#bytes += message.subarray(skipped).toString("latin1");
      this.#changed();
    });
  }

  async take(isEnough) {
    while (!isEnough(this.#bytes)) await new Promise((resolve) => { this.#changed = resolve; });
    return this.#bytes;
  }

  async expect(said) {
    const all = await this.take((there) => there.length >= said.length);
    assert.equal(all.slice(0, said.length), said);
    this.#bytes = all.slice(said.length);
  }

  async expectLine(start) {
    const all = await this.take((there) => there.includes("\r\n"));
    const end = all.indexOf("\r\n");
    assert.equal(all.slice(0, Math.min(end, start.length)), start);
    this.#bytes = all.slice(end + 2);
  }

  async expectStart(start) {
    assert.equal((await this.take((there) => there.length > 0)).slice(0, start.length), start);
    this.#bytes = "";
  }

  get rest() { return this.#bytes; }
}

const steps = {
  send: (socket, _, said) => socket.send(bytes(said)),
  send_text: (socket, _, said) => socket.send(said),
  send_each_byte: (socket, _, said) => { for (const byte of bytes(said)) socket.send(Buffer.of(byte)); },
  receive: (_, received, said) => received.expect(said),
  receive_line: (_, received, said) => received.expectLine(said),
  receive_start: (_, received, said) => received.expectStart(said),
};

for (const [way, { what, protocol, steps: all }] of Object.keys(ways).flatMap((way) => sessions.map((each) => [way, each]))) {
  test(`session: ${what}, ${way}`, async () => {
    const socket = new WebSocket(bridges[way].address, [protocol],
      { headers: { Authorization: `Bearer ${token}` } });
    const closed = once(socket, "close");
    await once(socket, "open");
    const received = new Received(socket);
    const end = all.find((step) => "close" in step)?.close;
    for (const step of all) {
      const [[name, said]] = Object.entries(step);
      if (name !== "close") await steps[name](socket, received, said);
    }
    if (end === undefined) {
      // Whatever else there might be has come before the answer to a close.
      socket.close(1000);
      await closed;
      assert.equal(received.rest, "");
    } else {
      const [code] = await closed;
      assert([end].flat().includes(code), `closed with ${code}`);
    }
  });
}

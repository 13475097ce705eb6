// Credentials that a function gives: asked for before connections, before they end, and after a refusal.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ConfigurationError } from "../.build/index.js";
import { startServer } from "./package/server.mjs";
import { sleep, until } from "./package/wait.mjs";

let server;
let admin;

before(async () => {
  server = await startServer();
  admin = await Client.connect(server.address);
});
after(async () => {
  await admin.close();
  await server.stop();
});

const setUser = (name, password) =>
  admin.command(["ACL", "SETUSER", name, "reset", "on", `>${password}`, "~*", "&*", "+@all"]);

// Cuts the connection of this user, as a network would.
const cut = (name) => admin.command(["CLIENT", "KILL", "USER", name, "TYPE", "normal"]);

test("each connection asks for credentials, which may come late", async () => {
  await setUser("late", "first");
  let asked = 0;
  let password = "first";
  const client = await Client.connect(server.address, { reconnectWaitMax: 20, requestTimeout: 0,
    connectTimeout: 20_000,
    credentials: async () => {
      ++asked;
      await sleep(20);
      return { username: "late", password };
    } });
  assert.equal(await client.command(["ACL", "WHOAMI"]), "late");
  assert.equal(asked, 1);
  password = "second";
  await setUser("late", "second");
  const again = new Promise((resolve) => { client.once("connected", resolve); });
  await cut("late");
  await again;
  assert.equal(await client.command(["ACL", "WHOAMI"]), "late");
  assert.equal(asked, 2);
  const other = await client.exclusive((own) => own.command(["ACL", "WHOAMI"]));
  assert.equal(other, "late");
  assert.equal(asked, 3);
  await client.close();
});

test("credentials that last are asked for again before they end, and open connections log in", async () => {
  await setUser("lasting0", "p");
  await setUser("lasting1", "p");
  let asked = 0;
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000,
    credentialsRefreshBefore: 60_000,
    credentials: () => ({ username: `lasting${Math.min(1, asked++)}`, password: "p", lifetime: 200 }) });
  assert.equal(await client.command(["ACL", "WHOAMI"]), "lasting0");
  await until(async () => await client.command(["ACL", "WHOAMI"]) === "lasting1");
  assert.equal(client.getStatistics().connections, 1);
  await client.close();
  const last = asked;
  await sleep(300);
  assert.equal(asked, last, "a client that was closed asks no more");
});

test("a function that fails fails the attempt, says why, and is asked again", async () => {
  await setUser("again", "p");
  let asked = 0;
  const problems = [undefined, {}, { password: "" }, { password: "p", username: 1 },
    { password: "p", lifetime: "1 h" }];
  const client = await Client.connect(server.address, { reconnectWaitMin: 1, reconnectWaitMax: 5, requestTimeout: 0,
    connectTimeout: 20_000, username: "again",
    credentials: () => {
      if (asked < problems.length) return problems[asked++];
      if (asked++ === problems.length) throw new Error("no metadata service");
      return { password: "p" };
    } });
  assert.equal(await client.command(["ACL", "WHOAMI"]), "again");
  assert.equal(asked, problems.length + 2);
  await client.close();
  await assert.rejects(Client.connect(server.address, { connectTimeout: 500,
    credentials: () => { throw new Error("no metadata service"); } }),
  { name: "ConnectionError", message: /there are no credentials: no metadata service/ });
  await assert.rejects(Client.connect(server.address, { connectTimeout: 2000,
    credentials: () => new Promise(() => {}) }),
  { name: "ConnectionError", message: /did not answer in time/ });
});

test("a renewal that fails is told and repeated, and the connection goes on", async () => {
  await setUser("renewed", "p");
  let asked = 0;
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000,
    reconnectWaitMax: 20,
    credentials: () => {
      if (asked++ > 0 && asked < 4) throw new Error("come back later");
      return { username: "renewed", password: "p", lifetime: 100 };
    } });
  const told = [];
  client.on("credentialsRefused", (error) => told.push(error));
  await until(() => asked > 5);
  assert.equal(await client.ping(), "PONG");
  assert.equal(client.getStatistics().connections, 1);
  assert.match(told[0].message, /come back later/);
  assert.equal(told[0].code, "credentials_failed");
  await client.close();
});

test("credentials that the server refuses are asked for anew", async () => {
  await setUser("refused", "new");
  let asked = 0;
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000,
    reconnectWaitMax: 20,
    credentials: () => ({ username: "refused", password: ++asked === 2 ? "wrong" : "new", lifetime: 100 }) });
  let told;
  client.on("credentialsRefused", (error) => { told ??= error; });
  await until(() => told !== undefined && asked > 3);
  assert.match(told.message, /WRONGPASS/);
  assert.equal(await client.ping(), "PONG");
  await client.close();
});

test("credentials where they have no effect are refused", async () => {
  const credentials = () => ({ password: "p" });
  for (const [address, options] of [
    [server.address, { password: "p" }],
    [server.address.replace("//", "//user:word@"), {}],
    ["ws://127.0.0.1:1/", {}],
  ]) {
    await assert.rejects(Client.connect(address, { credentials, ...options }), (error) =>
      error instanceof ConfigurationError && /^credentials: /.test(error.message));
  }
  await assert.rejects(Client.connect(server.address, { credentials: "secret-word" }), (error) =>
    error instanceof ConfigurationError && /credentials/.test(error.message));
});

// As Firefox has it where the bridge's close comes together with its answer to the handshake.
test("a refusal is one also if the WebSocket closes without having opened", async () => {
  let made = 0;
  const WebSocket = class {
    protocol = "";
    constructor() {
      ++made;
      setTimeout(() => this.onclose({ code: 4401, reason: "no such token" }), 1);
    }
    close() {}
  };
  await assert.rejects(Client.connect("ws://127.0.0.1:1/", { WebSocket, token: "wrong" }),
    { code: "authentication_failed", message: /no such token \(401\)/ });
  assert.equal(made, 1);
});

test("a username or a password for a bridge is refused, unless it is a bridge of another kind", async () => {
  const refused = (address, options, message) =>
    assert.rejects(Client.connect(address, { WebSocket: class {}, ...options }), (error) =>
      error instanceof ConfigurationError && message.test(error.message) && !error.message.includes("hush"));
  const byToken = "a bridge goes by a token; give the option token$";
  await refused("ws://127.0.0.1:1/", { username: "jane" }, new RegExp(`^username: ${byToken}`));
  await refused("wss://127.0.0.1:1/", { password: "hush", token: "t" }, new RegExp(`^password: ${byToken}`));
  await refused("ws://jane:hush@127.0.0.1:1/", {}, new RegExp(`^the address has a username: ${byToken}`));
  await refused("wss://:hush@127.0.0.1:1/", {}, new RegExp(`^the address has a password: ${byToken}`));
  const opened = [];
  const WebSocket = class { constructor(href) { opened.push(href); throw new Error("nobody there"); } };
  await assert.rejects(Client.connect("ws://jane:hush@127.0.0.1:1/", { WebSocket, protocols: ["binary"],
    connectTimeout: 20 }), { name: "ConnectionError" });
  assert.equal(opened[0], "ws://127.0.0.1:1/");
});

test("what only a bridge takes is refused with the address of a server", async () => {
  for (const address of ["valkey://127.0.0.1:1", "rediss://127.0.0.1:1", "unix:///run/nobody"]) {
    for (const [name, value] of [["token", "secret-word"], ["protocols", ["resp"]]]) {
      await assert.rejects(Client.connect(address, { [name]: value }), (error) => error instanceof ConfigurationError
        && error.message.startsWith(`${name}: only a bridge takes it`) && !error.message.includes("secret-word"));
    }
  }
});

test("a function that does not answer in time is called again", async () => {
  await setUser("hanging", "p");
  const hangs = new Set([1, 3]);
  let asked = 0;
  const client = await Client.connect(server.address, { reconnectWaitMin: 1, reconnectWaitMax: 5, requestTimeout: 0,
    connectTimeout: 400,
    credentials: () => hangs.has(++asked) ? new Promise(() => {}) : { username: "hanging", password: "p" } });
  assert.equal(await client.command(["ACL", "WHOAMI"]), "hanging");
  assert.equal(asked, 2);
  const refused = new Promise((resolve) => { client.once("credentialsRefused", resolve); });
  const again = new Promise((resolve) => { client.once("connected", resolve); });
  await cut("hanging");
  assert.match((await refused).message, /did not answer in time/);
  await again;
  assert.equal(await client.command(["ACL", "WHOAMI"]), "hanging");
  assert(asked >= 4, `${asked} calls`);
  await client.close();
});

test("a function that throws nothing has failed all the same", async () => {
  await setUser("silent", "p");
  await assert.rejects(
    Client.connect(server.address, { credentials: () => Promise.reject(), connectTimeout: 200 }),
    /there are no credentials/);
  let asked = 0;
  let refusals = 0;
  const client = await Client.connect(server.address, { reconnectWaitMin: 1, reconnectWaitMax: 5,
    credentials: () => {
      if (++asked > 1 && asked < 6) throw undefined;
      return { username: "silent", password: "p", lifetime: 40 };
    } });
  client.on("credentialsRefused", () => { ++refusals; });
  await until(() => asked >= 7);
  assert.equal(refusals, 4);
  assert.equal(await client.command(["ACL", "WHOAMI"]), "silent");
  await client.close();
});

// Whatever a caller passes: a call rejects with an error that helps, and no other client notices. Every
// method gets arguments of every kind; the errors of a caller's own code come back as they are.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { currentCore } from "../.build/core/core.js";
import { CommandSet } from "../.build/generated/commands.js";
import { Client, ClientSideCache, ConfigurationError, CoreError, PlimsollError, StreamReader, compression,
  metricsText } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

const calls = Number(process.env.PLIMSOLL_CALLS ?? 6000);
const seed = Number(process.env.PLIMSOLL_SEED ?? 1);

let server;
before(async () => { server = await startServer(["--enable-debug-command", "no"]); });
after(() => server.stop());

let state = seed;
const below = (count) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 2 ** 32 * count);
};
const oneOf = (list) => list[below(list.length)];

// Of the server as a whole, or of connections: they would end what the test needs.
const notCalled = new RegExp("^(shutdown|replicaof|slaveof|failover|cluster|debug|client(Pause|Kill|Reply)" +
  "|config(Set|Rewrite)|acl|migrate|scriptKill|functionKill|module|bgrewriteaof|save|bgsave|swapdb|latency)");
const commands = Object.getOwnPropertyNames(CommandSet.prototype)
  .filter((name) => name !== "constructor" && !notCalled.test(name));

class Mine extends Error {}
const throwing = () => new Proxy({}, { get: () => { throw new Mine("a getter"); } });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const detached = () => {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
};

const values = [
  () => undefined, () => null, () => NaN, () => -1, () => 0, () => 1.5, () => 1e300, () => -Infinity,
  () => 2n ** 70n, () => 5n, () => true, () => "", () => "key", () => "\ud800", () => "x".repeat(70_000),
  () => ({}), () => [], () => [null], () => ["a", 5], () => [["a", "b"]], () => new Uint8Array(3),
  () => new Uint8Array(70_000), detached, () => new Float64Array(2), () => new DataView(new ArrayBuffer(4)),
  () => new ArrayBuffer(4), () => Symbol("s"), () => () => {}, () => new Map([["a", 1]]),
  () => new Set(["a"]), () => new Date(NaN), () => new Date(), throwing, revoked,
  () => ({ toString: () => { throw new Mine("toString"); } }), () => new AbortController(),
  () => AbortSignal.abort(), () => AbortSignal.abort(new Mine("a reason")), () => Object.create(null),
  () => ({ as: oneOf(["bytes", "text", "json", 5, null, throwing(), () => { throw new Mine("a decoder"); },
    (bytes) => bytes, () => throwing()]) }),
  () => ({ timeout: oneOf([1, 50, 0, -5, "1", NaN, {}, throwing()]) }),
  () => ({ signal: oneOf([{}, null, { aborted: false }, new AbortController(), AbortSignal.abort(),
    throwing()]) }),
  () => ({ maxStaleness: oneOf([0, 5, -1, "x"]) }), () => ({ ttl: 5, ttlMs: 5 }), () => ({ count: "x" }),
  () => ({ unknown: 1 }), () => ({ kind: oneOf(["channels", "patterns", "no", 5]) }),
];
const anything = () => oneOf(values)();
const readerNames = ["group", "consumer", "streams", "count", "wait", "createGroup", "begin", "claimAfter", "as",
  "unknown"];
const argumentsOf = () => Array.from({ length: below(5) }, anything);

const isHelpful = (error, what) => {
  if (error instanceof Mine) return;
  assert(!(error instanceof CoreError), `${what}: ${error?.stack}`);
  assert(error instanceof TypeError || error instanceof PlimsollError || error instanceof DOMException,
    `${what}: ${error?.stack ?? error}`);
  assert(error.message.length > 5, what);
};

test("no argument of any call harms another client", async () => {
  const other = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000 });
  const core = currentCore();
  const options = { requestTimeout: 0, connectTimeout: 20_000 };
  const clients = [await Client.connect(server.address, options),
    await Client.connect(server.address, { ...options, clientSideCache: new ClientSideCache({ maxCacheKb: 64 }) }),
    await Client.connect(server.address, { ...options, keyPrefix: "p:", channelPrefix: "c:",
      codec: compression({ above: 8 }) }),
    await Client.connect(server.address, { ...options, codec: {
      encode: (value) => below(4) === 0 ? anything() : value,
      decode: (stored) => below(4) === 0 ? anything() : stored,
    } })];
  after(() => Promise.all([other, ...clients].map((client) => client.close())));
  const pending = [];
  const settle = (what, act) => {
    let result;
    try {
      result = act();
    } catch (error) {
      assert(/^(cached|on|getCache|new|compression|metricsText)/.test(what), `${what} throws: ${error?.stack}`);
      return isHelpful(error, what);
    }
    if (result?.isDone === false) result = result[Symbol.asyncIterator]().next();  // a walk
    if (!(result instanceof Promise)) return;
    const settled = result.then((value) => value?.close?.(), (error) => isHelpful(error, what));
    settled.catch(() => {});  // the test awaits it at its end
    pending.push(settled);
  };
  const own = ["command", "cached", "subscribe", "exclusive", "transact"];
  for (let call = 0; call < calls; ++call) {
    const client = oneOf(clients);
    const given = argumentsOf();
    const name = below(8) === 0 ? oneOf(own) : oneOf(commands);
    if (name === "subscribe" && below(8) > 0) continue;
    if (below(40) === 0) {
      settle("new StreamReader", () => {
        const reader = new StreamReader(below(2) === 0 ? client : anything(), below(3) === 0 ? anything()
          : { group: "g", consumer: "c", streams: "s", wait: 1, [oneOf(readerNames)]: anything() });
        return below(2) === 0 ? reader.read(...given) : reader.ack(...given);
      });
      settle("compression", () => compression(oneOf([anything(), { above: anything() },
        { compress: anything(), decompress: anything() }])));
      settle("metricsText", () => metricsText(anything(), anything()));
      settle("transaction", () => client.transaction(() => anything()));
      settle("batch", () => client.batch((all) => [all.get("key"), anything()]));
    }
    if (below(10) === 0 && commands.includes(name)) {
      const queue = below(2) === 0 ? client.transaction() : client.batch();
      settle(`queue.${name}`, () => queue[name](...given));
      // If exec() refuses its options, the queue is still there, and its calls wait.
      settle("exec", () => queue.exec(below(4) === 0 ? anything() : undefined)
        .finally(() => queue.discard()));
    } else if (below(20) === 0 && commands.includes(name)) {
      settle("exclusive", () => client.exclusive((alone) => alone[name](...given)));
    } else {
      settle(name, () => client[name](...given));
    }
    if (call % 200 === 0) assert.equal(await other.ping(), "PONG");
  }
  for (const client of clients) await client.close();
  await Promise.all(pending);
  assert.equal(await other.ping(), "PONG");
  assert.equal(currentCore(), core);
  await other.close();
});

test("a Uint8Array that was detached ends its own call", async () => {
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000 });
  const long = "x".repeat(20_000);
  for (const words of [["SET", "key", detached()], ["RPUSH", "list", long, detached()],
    ["RPUSH", "list", long, long, long, long, detached()]]) {
    await assert.rejects(client.command(words), TypeError);
    assert.equal(await client.ping(), "PONG");
  }
  await client.close();
});

const names = ["username", "password", "database", "clientName", "requestTimeout", "connectTimeout",
  "closeTimeout", "reconnectWaitMin", "reconnectWaitMax", "reconnectAttemptsMax", "healthCheckInterval",
  "inflightRequestsLimit", "inflightOverflow", "waitersMax", "replyBytesMax", "readResendsMax", "protocol",
  "noEvict", "noTouch", "blockingConnectionsMax", "subscriptionsMax", "subscriptionMessagesMax",
  "subscriptionOverflow", "clientSideCache", "memoryLimit", "transport", "transportName", "signal", "tls",
  "token", "protocols", "WebSocket", "keyPrefix", "channelPrefix", "codec", "credentials",
  "credentialsRefreshBefore", "lazyConnect", "unknown"];

test("no option of connect() harms another client; what is refused is named", async () => {
  const other = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000 });
  const core = currentCore();
  const attempts = [];
  for (const name of names) {
    for (const make of values) {
      const value = make();
      attempts.push(Client.connect(server.address, { connectTimeout: 2000, [name]: value }).then(
        (client) => client.close(),
        (error) => {
          isHelpful(error, name);
          if (!(error instanceof ConfigurationError)) return;
          assert(error.message.includes(name) || /RESP|reconnectWait/.test(error.message),
            `${name}: ${error.message}`);
        }));
    }
    await Promise.all(attempts.splice(0));
    assert.equal(await other.ping(), "PONG");
  }
  assert.equal(currentCore(), core);
  await other.close();
});

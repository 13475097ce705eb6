// Limits, ends, and what becomes of a client when its server or its user has had enough.

import { check, equal, rejects, until } from "./check.mjs";

export const life = {
  "over the limit a request fails, or waits": async ({ connect, key, plimsoll }) => {
    const strict = await connect({ inflightRequestsLimit: 3, inflightOverflow: "reject" });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => strict.get(key("x"))));
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 3);
    equal(outcomes[9].reason.name, "LimitError");
    equal(outcomes[9].reason.executed, "no");
    // Without a recorded stack, which would cost more than to serve it.
    const { reason } = outcomes[9];
    check(reason instanceof Error && reason instanceof plimsoll.LimitError, "no Error");
    equal(strict.getStatistics().rejected, 7);
    equal([reason.code, reason.stack], ["rejected_by_limit", `LimitError: ${reason.message}`]);

    // So does whatever comes behind what was refused, and what takes another way is not refused.
    const all = await Promise.allSettled(Array.from({ length: 6 }, (_, i) => [
      strict.set(key("x"), `${i}`), strict.incr(key("n")),
      strict.command(["XREAD", "STREAMS", key("s"), "0"])]).flat());
    equal(all.map(({ status, value }) => status === "fulfilled" ? value : "-"),
      [true, 1, null, ...Array.from({ length: 15 }, () => "-")]);
    equal(all.slice(3).every(({ reason }) => reason.code === "rejected_by_limit"), true);
    equal([strict.getStatistics().rejected, await strict.incr(key("n"))], [22, 2]);

    const patient = await connect({ inflightRequestsLimit: 3 });
    const texts = Array.from({ length: 100 }, (_, i) => `${key("x")} ${i}`);
    equal(await Promise.all(texts.map((text) => patient.echo(text))), texts);
    check(patient.getStatistics().waited >= 97, "nobody waited");
  },

  "a request that takes too long ends with what may have been": async ({ connect, key,
    administer }) => {
    const client = await connect();
    await administer(["CLIENT", "PAUSE", "600000", "WRITE"]);
    try {
      await rejects(client.set(key("slow"), "1", { timeout: 20 }),
        { name: "TimeoutError", executed: "maybe" });
    } finally {
      await administer(["CLIENT", "UNPAUSE"]);
    }
    await until(async () => await client.get(key("slow"), { timeout: 5000 }) === "1");
  },

  "whoever has an AbortSignal can end a request": async ({ connect, key }) => {
    const client = await connect();
    const early = AbortSignal.abort();
    await rejects(client.get(key("x"), { signal: early }), { name: "CancelledError", executed: "no" });
    const abort = new AbortController();
    const waiting = client.blpop([key("nothing")], 0, { signal: abort.signal, timeout: 0 });
    await until(async () => (await client.command(["INFO", "clients"])).includes("blocked_clients:1"));
    abort.abort();
    await rejects(waiting, { name: "CancelledError" });
    equal(await client.ping(), "PONG");
  },

  "by default thousands of calls at once wait their turn": async ({ connect, key }) => {
    const client = await connect();
    const all = await Promise.all(Array.from({ length: 5000 }, () => client.incr(key("n"))));
    equal(all.every((count, place) => count === place + 1), true);
    equal(client.getStatistics().rejected, 0);
  },

  "a timeout of its own ends a command that blocks": async ({ connect, key }) => {
    const client = await connect();
    const began = performance.now();
    await rejects(client.blpop([key("none")], 600, { timeout: 50 }), { name: "TimeoutError" });
    await rejects(client.command(["BLPOP", key("none"), "600"], { timeout: 50 }),
      { name: "TimeoutError" });
    check(performance.now() - began < 300_000, "it has waited for the server's time");
    equal(await client.blpop([key("none")], 0.05), null);
  },

  "an exclusive connection is one caller's": async ({ connect, key, administer }) => {
    const client = await connect();
    await rejects(client.wait(0, 10), { name: "ConfigurationError", code: "refused_command",
      message: /client\.exclusive\(\)/ });
    const acknowledged = await client.exclusive(async (own) => {
      await own.set(key("a"), "1");
      await rejects(own.blpop([key("none")], 1), { code: "refused_command" });
      await rejects(own.command(["MULTI"]), { code: "refused_command" });
      await own.watch(key("a"));
      await client.set(key("a"), "2");
      const both = own.transaction();
      both.set(key("a"), "3");
      await rejects(both.exec(), { code: "transaction_aborted", executed: "no" });
      await own.watch([key("a")]);
      await own.unwatch();
      await client.set(key("a"), "4");
      const again = own.transaction();
      again.append(key("a"), "5");
      equal(await again.exec(), [2]);
      return own.wait(0, 10);
    });
    equal([acknowledged, await client.get(key("a"))], [0, "45"]);
    let kept;
    await rejects(client.exclusive(async (own) => { kept = own; throw new Error("mine"); }),
      { message: "mine" });
    await rejects(kept.get(key("a")), { code: "refused_command" });
    await rejects(client.exclusive("no function"), { name: "TypeError" });
    const narrow = await connect({ blockingConnectionsMax: 1 });
    await narrow.exclusive(async () => {
      await rejects(narrow.exclusive(async () => {}), { name: "LimitError" });
    });
    equal(await narrow.exclusive((own) => own.ping()), "PONG");
  },

  "a transaction that depends on a read is tried again": async ({ connect, key }) => {
    const client = await connect();
    await client.set(key("stock"), "10");
    let attempts = 0;
    const take = (attemptsMax, disturbances) => client.transact([key("stock")], async (own) => {
      const left = Number(await own.get(key("stock")));
      if (++attempts <= disturbances) await client.set(key("stock"), String(left - 1));
      const both = own.transaction();
      if (left > 0) both.set(key("stock"), String(left - 1));
      return both;
    }, attemptsMax === undefined ? {} : { attemptsMax });
    equal([await take(undefined, 2), attempts], [[true], 3]);
    equal(await client.get(key("stock")), "7");
    attempts = 0;
    await rejects(take(2, 9), { name: "ServerError", code: "transaction_aborted", executed: "no" });
    equal(attempts, 2);
    await client.set(key("stock"), "0");
    equal(await take(undefined, 0), []);
    await rejects(client.transact([key("stock")], () => "none"), { name: "TypeError" });
  },

  "each call of a transaction has its own options": async ({ connect, key }) => {
    const client = await connect();
    await client.set(key("bytes"), new Uint8Array([255, 254]));
    await client.hset(key("h"), { a: "1" });
    const all = client.transaction();
    const stored = all.set(key("t"), "text");
    const wrong = all.get(key("bytes"));
    const right = all.get(key("bytes"), { as: "bytes" });
    const fields = all.hgetall(key("h"));
    const pairs = all.command(["HGETALL", key("h")]);
    const replies = await all.exec();
    equal([replies.length, await stored, [...await right]], [5, true, [255, 254]]);
    await rejects(wrong, { name: "DecodeError", executed: "yes" });
    check(replies[1].name === "DecodeError", "the reply is no DecodeError");
    equal([(await fields).a, (await pairs).get("a")], ["1", "1"]);

    const bytes = client.transaction();
    const text = bytes.get(key("t"), { as: "text" });
    const list = bytes.hgetall(key("h"));
    await bytes.exec({ as: "bytes" });
    equal(await text, "text");
    equal((await list).map((pair) => pair.map((each) => [...each])), [[[97], [49]]]);

    const refused = client.transaction();
    await rejects(refused.get(key("t"), { timeout: 5 }), { name: "TypeError", message: /exec/ });
    await rejects(refused.exec(), { name: "TypeError" });
  },

  "what makes no sense is refused by name, and harms nobody": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const other = await connect();
    const controller = new AbortController();
    for (const [options, message] of [
      [{ signal: controller }, /signal: .*AbortController/], [{ signal: { aborted: false } }, /signal/],
      [{ timeout: "1" }, /timeout/], [{ timeout: -1 }, /timeout/], [{ timeout: NaN }, /timeout/],
      [{ maxStaleness: -1 }, /^maxStaleness/], [{ as: "jsom" }, /^as/], [{ timout: 5 }, /timout/],
      ["text", /options/],
    ]) {
      for (const call of [() => client.get(key("x"), options), () => client.mget([key("x")], options),
        () => client.command(["GET", key("x")], options), () => client.transaction().exec(options)]) {
        await rejects(call(), { name: "TypeError", message });
      }
    }
    await rejects(client.set(key("x"), "1", { ttl: 5, ttlMs: 5 }), { name: "TypeError", message: /ttl/ });
    await rejects(client.subscribe("a", { kind: "none" }), { name: "TypeError" });
    const { ConfigurationError } = plimsoll;
    for (const [options, message] of [
      [{ tls: 5 }, /^tls/], [{ tls: { ca: 5 } }, /^tls\.ca/], [{ tls: { caa: "" } }, /^tls\.caa/],
      [{ signal: controller }, /^signal/], [{ requestTimeout: -1 }, /^requestTimeout/],
      [{ transport: {} }, /^transport/], [{ protocols: "resp" }, /^protocols/],
      [{ clientSideCache: {} }, /^clientSideCache/], [{ timeout: 5 }, /^timeout/], [null, /^options/],
    ]) {
      await rejects(plimsoll.Client.connect("valkeys://127.0.0.1:1", options),
        { name: "ConfigurationError", message });
    }
    check(typeof ConfigurationError === "function", "no class");
    equal([await client.ping(), await other.ping()], ["PONG", "PONG"]);
  },

  "a command that blocks holds nobody up": async ({ connect, key }) => {
    const client = await connect();
    const popped = client.blpop([key("queue")], 5);
    equal(await client.ping(), "PONG");
    await client.rpush(key("queue"), ["x"]);
    equal(JSON.stringify(await popped).includes("x"), true);
    equal(client.getStatistics().blockingConnections, 1);
  },

  "the line pays for what a transaction has queued": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    await client.ping();
    const used = () => plimsoll.getMemoryStatistics().pools.requests.used;
    const before = used();
    const value = "v".repeat(1000);
    const dropped = client.transaction();
    for (let i = 0; i < 200; ++i) dropped.set(key("held"), value);
    const held = used() - before;
    check(held >= 200_000 && held < 245_000, `200 values of 1000 bytes cost ${held}`);
    dropped.discard();
    equal(used(), before);
    const done = client.transaction();
    for (let i = 0; i < 200; ++i) done.set(key("held"), value);
    await done.exec();
    await client.ping();
    equal(used(), before);
    const much = client.transaction();
    for (let i = 0; i < 300; ++i) much.set(key("none"), "v".repeat(1_000_000));
    await rejects(much.exec(), { name: "LimitError", code: "rejected_by_limit", executed: "no" });
    equal([used(), await client.exists([key("none")])], [before, 0]);
  },

  "the line pays for the words of calls that wait in line": async ({ connect, key, plimsoll }) => {
    const client = await connect({ inflightRequestsLimit: 2, inflightOverflow: "wait" });
    await client.ping();
    const { used: before, limit } = plimsoll.getMemoryStatistics().pools.requests;
    const used = () => plimsoll.getMemoryStatistics().pools.requests.used;
    // A PING of the client's own may be on its way.
    const givenBack = () => until(async () => used() <= before);
    const value = "v".repeat(5000);
    const calls = Array.from({ length: 40 },
      () => client.set(key("waits"), value, { timeout: 0 }));
    const held = used() - before;
    // Besides the chunk of 64 KiB that the two which were sent lie in.
    check(held >= 200_000 && held < 310_000, `40 values of 5000 bytes cost ${held}`);
    await Promise.all(calls);
    await givenBack();
    // More than there is room for: the rest is refused, and what has been taken is done.
    const large = "v".repeat(1_000_000);
    const appended = Promise.allSettled(Array.from({ length: 300 },
      () => client.append(key("large"), large, { timeout: 0 })));
    check(used() <= limit, `${used()} of ${limit}`);
    const outcomes = await appended;
    const refused = outcomes.filter(({ status }) => status === "rejected");
    check(refused.every(({ reason }) => reason.name === "LimitError" && reason.executed === "no"),
      `all are LimitErrors: ${refused[0]?.reason}`);
    check(refused.length > 0 && refused.length < 299, `${refused.length} were refused`);
    equal(await client.strlen(key("large")), 1_000_000 * (300 - refused.length));
    await givenBack();
    // Where others have the room, what would wait is refused, and nothing else.
    const inFlight = [client.ping(), client.ping()];
    const queued = client.transaction();
    for (let size = -1; queued.size > size;) {
      size = queued.size;
      queued.set(key("queued"), "v".repeat(100_000));
    }
    await rejects(client.set(key("waits"), "v".repeat(300_000)),
      { name: "LimitError", code: "rejected_by_limit", executed: "no" });
    equal(await Promise.all(inFlight), ["PONG", "PONG"]);
    queued.discard();
    await givenBack();
    // Whoever gives up while waiting gives its words back.
    const abort = new AbortController();
    const given = [1, 2, 3].map(() => client.set(key("waits"), value, { signal: abort.signal }));
    abort.abort();
    await Promise.allSettled(given);
    await givenBack();
  },

  "more commands that block than there are connections for them wait in line": async ({ connect,
    key }) => {
    const client = await connect({ blockingConnectionsMax: 2, inflightOverflow: "wait" });
    const workers = Array.from({ length: 8 }, () => client.blpop([key("jobs")], 0, { timeout: 0 }));
    await until(async () => client.getStatistics().waiting === 6);
    equal(client.getStatistics().blockingConnections, 2);
    const abort = new AbortController();
    const given = client.blpop([key("jobs")], 0, { timeout: 0, signal: abort.signal });
    abort.abort();
    await rejects(given, { name: "CancelledError", executed: "no" });
    await client.rpush(key("jobs"), ["0", "1", "2", "3", "4", "5", "6", "7"]);
    const popped = await Promise.all(workers);
    equal(popped.map((each) => JSON.stringify(each).includes("jobs")).filter(Boolean).length, 8);
    equal(client.getStatistics().waiting, 0);

    const strict = await connect({ blockingConnectionsMax: 1, inflightOverflow: "reject" });
    const first = strict.blpop([key("jobs")], 0, { timeout: 0 });
    await rejects(strict.blpop([key("jobs")], 0, { timeout: 0 }),
      { name: "LimitError", executed: "no" });
    await strict.rpush(key("jobs"), ["8"]);
    await first;
  },

  "a transaction is done as one": async ({ connect, key }) => {
    const client = await connect();
    const both = client.transaction();
    const stored = both.set(key("t"), "5");
    const count = both.incr(key("t"));
    const wrong = both.lpush(key("t"), ["1"]);
    const replies = await both.exec();
    equal([replies.length, replies[0], replies[1], replies[2].code], [3, true, 6, "WRONGTYPE"]);
    equal([await stored, await count], [true, 6]);
    await rejects(wrong, { code: "WRONGTYPE" });
    await rejects(both.exec(), { name: "ConfigurationError" });
    equal(await client.transaction().exec(), []);
    const wrongWords = client.transaction();
    wrongWords.incr(key("t"));
    wrongWords.expire(key("t"), "soon");
    await rejects(wrongWords.exec(), { name: "TypeError", message: /expire/ });
    const scripted = client.transaction();
    scripted.eval("return redis.error_reply('OOM by myself')", []);
    equal((await scripted.exec())[0].executed, "maybe");
    const waits = client.transaction();
    waits.blpop([key("q")], 1);
    await rejects(waits.exec(), { name: "ConfigurationError", code: "refused_command" });
    equal(await client.get(key("t")), "6", "nothing was done: it");
  },

  "a command that the server does not know aborts its transaction": async ({ connect, key }) => {
    const client = await connect();
    const unknown = client.transaction();
    const unhappy = unknown.incr(key("t"));
    unknown.command(["NOSUCHCOMMAND"]);
    await rejects(unknown.exec(), { name: "ServerError", code: "transaction_aborted",
      executed: "no", message: /unknown command 'NOSUCHCOMMAND'.* \(to command 2: none has run\)/ });
    await rejects(unhappy, { name: "ServerError" });
    equal(await client.get(key("t")), null, "nothing was done: it");
  },

  "a lost connection is replaced, and users are told": async ({ connect, key, administer }) => {
    const client = await connect({ clientName: "to-be-lost" });
    const other = await connect();
    const told = [];
    client.on("disconnected", (error) => told.push(error.name));
    client.on("connected", () => told.push("connected"));
    const list = await other.command(["CLIENT", "LIST"]);
    const id = /id=(\d+) [^\n]*name=to-be-lost/.exec(list)[1];
    await administer(["CLIENT", "KILL", "ID", id]);
    await until(() => told.length >= 2);
    equal(told, ["ConnectionError", "connected"]);
    equal(await client.echo(key("again")), key("again"));
    equal(client.getStatistics().connectionsLost, 1);
  },

  "a client that was closed takes nothing more": async ({ connect, key }) => {
    const client = await connect();
    const last = client.get(key("x"));
    const closing = client.close();
    equal(await last, null, "the reply that was owed");
    await closing;
    await client.close();
    await rejects(client.get(key("x")), { name: "ClosedError", code: "closed" });
    await rejects(client.subscribe("x"), { name: "ClosedError" });
    const { state, completed, inFlight } = client.getStatistics();
    equal([state, completed > 0, inFlight], ["closed", true, 0], "what an ended client had done");
    equal(client.cached("x"), undefined);
    const disposed = await connect();
    await disposed[Symbol.asyncDispose]?.();
  },

  "options that make no sense are named before any I/O": async ({ plimsoll }) => {
    const { Client, ClientSideCache, configure } = plimsoll;
    const refused = (options, message) => rejects(
      Client.connect("valkey://host.invalid:1", options), { name: "ConfigurationError", message });
    await refused({ requestTimout: 5 }, /requestTimout: there is no such option.*requestTimeout/);
    for (const requestTimeout of [-1, NaN, Infinity]) {
      await refused({ requestTimeout },
        new RegExp(`requestTimeout: ${requestTimeout} is not milliseconds, a finite number from 0`));
    }
    for (const [given, said] of [[null, "null"], [[], "an array of 0"], ["fast", 'the string "fast"']]) {
      const message = `^options: ${said} is not an object, such as \\{ `;
      await refused(given, new RegExp(message));
    }
    await refused({ inflightRequestsLimit: 0.5 }, /inflightRequestsLimit: 0.5 is not a whole/);
    await refused({ inflightOverflow: "drop" }, /inflightOverflow: "drop" is not one of "reject"/);
    await refused({ inflightRequestsLimit: 0 }, /inflightRequestsLimit/);
    const secret = await refused({ password: 5 }, /password/);
    check(!secret.message.includes("5"), "a secret is shown");
    for (const address of ["", "host", "http://host", "valkey://", "valkey://h/x", "valkey://h?x=1",
      7]) {
      await rejects(Client.connect(address), { name: "ConfigurationError", message: /the address/ });
    }
    // Or a password would go in plaintext, by one forgotten letter.
    const tls = { serverName: "valkey", rejectUnauthorized: true };
    for (const [address, message] of [["valkey", /tls.*valkey:.*valkeys:/],
      ["redis", /tls.*valkey:.*valkeys:/], ["tcp", /tls.*valkeys:/], ["ws", /tls.*ws:.*wss:/],
      ["wss", /tls.*wss:/]]) {
      for (const given of [tls, {}]) {
        await rejects(Client.connect(`${address}://jane:hush@host.invalid:1`, { tls: given }),
          { name: "ConfigurationError", code: "invalid_option", message });
      }
    }
    for (const options of [{}, { maxCacheKb: 0 }, { maxCacheKb: 1, mode: "magic" },
      { maxCacheKb: 1, onlyCommands: "GET" }, { maxCacheKb: 64, entryTtl: 1 }]) {
      await rejects((async () => new ClientSideCache(options))(), { name: "ConfigurationError" });
    }
    for (const given of [undefined, null, 5, []]) {
      await rejects((async () => new ClientSideCache(given))(),
        { name: "ConfigurationError", message: /^options of the cache: .* is not an object, such as \{ maxCacheKb: / });
      await rejects((async () => configure(given))(),
        { name: "ConfigurationError", message: /^options of configure\(\): .* is not an object, such as \{ memoryLimit: / });
    }
    await rejects((async () => configure({ memory: 5 }))(),
      { name: "ConfigurationError", message: /^memory: there is no such option; there is: memoryLimit$/ });
    for (const memoryLimit of ["much", "1 KiB", "1 TiB", -1, NaN]) {
      await rejects((async () => configure({ memoryLimit }))(), { name: "ConfigurationError" });
    }
  },

  "without a server there is an error that says so": async ({ plimsoll, addressOfNobody, WebSocket }) => {
    await rejects(plimsoll.Client.connect(addressOfNobody, { WebSocket, connectTimeout: 100 }),
      { name: "ConnectionError", code: "connect_failed", executed: "no" });
    const abort = new AbortController();
    const connecting = plimsoll.Client.connect(addressOfNobody,
      { WebSocket, connectTimeout: 60_000, signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await rejects(connecting, { name: "CancelledError" });
  },

  "a bridge says that it does not take a token, at once": async ({ connect, hasCredits }) => {
    if (!hasCredits) return;
    await rejects(connect({ token: "none that it knows", connectTimeout: 60_000 }),
      { name: "ConnectionError", code: "authentication_failed", message: /token.*\(401\)/ });
  },

  "the memory line holds in a burst": async ({ connect, key, plimsoll }) => {
    const client = await connect({ requestTimeout: 0, inflightRequestsLimit: 100_000 });
    const value = "v".repeat(20_000);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5000 }, (_, i) => client.set(key(`burst${i % 10}`), value)));
    const rejected = outcomes.filter(({ status }) => status === "rejected");
    check(rejected.length > 0 && rejected.length < 5000, `${rejected.length} were rejected`);
    for (const { reason } of rejected) equal(reason.name, "LimitError");
    const { limit, peak, highWater } = plimsoll.getMemoryStatistics();
    check(peak <= limit, `the peak of ${peak} passes the line of ${limit}`);
    const constant = 2 * 1024 ** 2;
    check(highWater <= limit + constant, `${highWater} bytes of memory for a line of ${limit}`);
    equal(await client.get(key("burst1"), { timeout: 0 }), value);
  },

  "replies that come faster than they are read stay within the line": async ({ connect, key,
    plimsoll, hasCredits }) => {
    const client = await connect({ requestTimeout: 0, inflightRequestsLimit: 1000 });
    const value = "v".repeat(100_000);
    await client.set(key("large"), value);
    const lengths = await Promise.all(Array.from({ length: 300 }, () =>
      client.get(key("large")).then((text) => text.length)));
    check(lengths.every((length) => length === value.length), "a reply was cut");
    const { limit, live, peak } = plimsoll.getMemoryStatistics();
    check(peak <= limit, `the peak of ${peak} passes the line of ${limit}`);
    const { creditBytes, unreadBytes } = client.getStatistics();
    check(hasCredits === creditBytes > 0, `${creditBytes} bytes of credits`);
    check(creditBytes <= 256 * 1024 && creditBytes <= live, `${creditBytes} of ${live} bytes`);
    equal(unreadBytes, 0);
  },
};

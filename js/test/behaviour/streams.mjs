// Streams, read as a consumer of a group.

import { check, equal, rejects } from "./check.mjs";

const ids = ({ streams }) => streams.flatMap(({ entries }) => entries.map(({ fields }) => fields?.n));

const fill = async (client, stream, from, count) => {
  for (let n = from; n < from + count; ++n) await client.xadd(stream, { n });
};

export const streams = {
  "each entry comes once, in order, and not again once it is acknowledged": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const options = { group: "g", consumer: "c", streams: [key("a"), key("b")], count: 3,
      createGroup: true, begin: "0" };
    await fill(client, key("a"), 0, 5);
    const reader = new plimsoll.StreamReader(client, options);
    const found = [];
    for await (const batch of reader) {
      equal(batch.origin, "fresh");
      found.push(...ids(batch));
      for (const part of batch.streams) equal(await reader.ack(part), part.entries.length);
      if (found.length === 5) break;
    }
    equal(found, ["0", "1", "2", "3", "4"]);
    // Another one waits until there is something.
    const waits = reader.read();
    await fill(client, key("b"), 9, 1);
    const { streams: [part] } = await waits;
    equal([part.stream, part.entries[0].fields.n], [key("b"), "9"]);
    equal(await reader.ack(part.stream, part.entries[0].id), 1);
    equal(await reader.ack(part.stream, part.entries[0].id), 0, "the second time");
    equal((await client.xpending(key("a"), "g")).count, 0);
  },

  "a reader begins with what its consumer was given before": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const options = { group: "g", consumer: "c", streams: key("a"), createGroup: true, begin: "0", count: 2 };
    await fill(client, key("a"), 0, 3);
    const first = await new plimsoll.StreamReader(client, options).read();
    equal(ids(first), ["0", "1"]);
    await client.xdel(key("a"), first.streams[0].entries[1].id);
    const again = new plimsoll.StreamReader(client, options);
    const pending = await again.read();
    equal([pending.origin, ids(pending)], ["pending", ["0", undefined]]);
    equal(await again.ack(pending.streams[0]), 2);
    const fresh = await again.read();
    equal([fresh.origin, ids(fresh)], ["fresh", ["2"]]);
  },

  "entries that a consumer left are taken over": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const options = { group: "g", streams: key("a"), createGroup: true, begin: "0" };
    await fill(client, key("a"), 0, 2);
    await new plimsoll.StreamReader(client, { ...options, consumer: "gone" }).read();
    const reader = new plimsoll.StreamReader(client, { ...options, consumer: "here", claimAfter: 0 });
    const batch = await reader.read();
    equal([batch.origin, ids(batch)], ["claimed", ["0", "1"]]);
  },

  "a read may be cancelled, and loses nothing; a wait may end": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const reader = new plimsoll.StreamReader(client, { group: "g", consumer: "c", streams: key("a"),
      createGroup: true, wait: 20 });
    equal((await reader.read()).streams, []);
    const long = new plimsoll.StreamReader(client, { group: "g", consumer: "c", streams: key("a") });
    const abort = new AbortController();
    const waits = long.read({ signal: abort.signal });
    await rejects(long.read(), { name: "PlimsollError", code: "busy" });
    abort.abort();
    await rejects(waits, { name: "CancelledError" });
    await fill(client, key("a"), 7, 1);
    equal(ids(await long.read()), ["7"]);
  },

  "a loop ends when the reader is closed, or the client": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const options = { group: "g", consumer: "c", streams: key("a"), createGroup: true };
    const reader = new plimsoll.StreamReader(client, options);
    const collect = async (each) => { for await (const batch of each) check(false, JSON.stringify(batch)); };
    const loop = collect(reader);
    while (client.getStatistics().blockingConnections === 0) await client.ping();
    reader.close();
    await loop;
    await rejects(reader.read(), { name: "ClosedError" });
    const other = collect(new plimsoll.StreamReader(client, options));
    await client.ping();
    await client.close();
    await other;
  },

  "values come as they are wanted, with a prefix as well": async ({ connect, key, plimsoll }) => {
    const client = await connect({ keyPrefix: key("p:") });
    await client.xadd("a", { n: "[1]" });
    for (const [consumer, as, expected] of [["j", "json", [1]], ["f", (bytes) => bytes.length, 3]]) {
      const reader = new plimsoll.StreamReader(client, { group: consumer, consumer, streams: ["a"],
        createGroup: true, begin: "0", as });
      const { streams: [{ stream, entries }] } = await reader.read();
      equal([stream, entries[0].fields.n], ["a", expected]);
      equal(await reader.ack({ stream, entries }), 1);
    }
    const reader = new plimsoll.StreamReader(client, { group: "b", consumer: "b", streams: "a",
      createGroup: true, begin: "0", as: "bytes" });
    const { streams: [{ stream, entries }] } = await reader.read();
    equal([stream, [...entries[0].fields[0][1]]], ["a", [91, 49, 93]]);
  },

  "what is wrong is told": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const options = { group: "g", consumer: "c", streams: key("a") };
    await rejects(new plimsoll.StreamReader(client, options).read(),
      { name: "ServerError", message: /NOGROUP/ });
    for (const [name, value] of [["group", ""], ["consumer", undefined], ["streams", []], ["streams", [7]],
      ["count", 0], ["claimAfter", -1], ["sreams", "a"]]) {
      await rejects((async () => new plimsoll.StreamReader(client, { ...options, [name]: value }))(),
        { name: "ConfigurationError", message: new RegExp(name) });
    }
    await rejects((async () => new plimsoll.StreamReader({}, options))(), { name: "ConfigurationError" });
    const reader = new plimsoll.StreamReader(client, options);
    await rejects(reader.ack(7), { name: "TypeError" });
    await client.set(key("a"), "no stream");
    await rejects(reader.read(), { name: "ServerError", code: "WRONGTYPE" });
  },
};

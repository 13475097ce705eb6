import { reader, troublemaker, writer } from "../fleet.js";
import { Lanes, allKeys } from "./lanes.js";
import { sleep } from "../sleep.js";
import type { Fact, Trouble } from "./trouble.js";

const before = 400;
const after = 1000;
const timeout = 2000;

/** The server ends the reader's connection while it reads and writes. */
export const cut: Trouble = async ({ outcomes }) => {
  const client = reader();
  const breaker = await troublemaker();
  const id = await client.clientId();
  const counted = client.getStatistics();
  const lanes = new Lanes(client, outcomes, timeout);
  await sleep(before);

  let lostAt: number | undefined;
  let flowingAt: number | undefined;
  let entriesAfter: number | undefined;
  let servedAfter: number | undefined;
  // Entries of a lost connection are not served from that moment, and swept out in steps.
  const countServed = (): number => allKeys.filter((key) => client.cached(key) !== undefined).length;
  const stopListening = client.on("disconnected", () => {
    lostAt ??= performance.now();
    servedAfter ??= countServed();
  });
  lanes.handleReply = (at) => {
    if (lostAt === undefined || flowingAt !== undefined) return;
    flowingAt = at;
    entriesAfter = client.getCacheEntryCount();
  };
  const entriesBefore = client.getCacheEntryCount();
  const servedBefore = countServed();
  const cutAt = performance.now();
  try {
    await breaker.command(["CLIENT", "KILL", "ID", String(id)]);
    await sleep(after);
  } finally {
    stopListening();
    await lanes.end();
  }
  const took = performance.now() - cutAt;
  await writer().unlink(allKeys);

  const { connections, requestsResent } = client.getStatistics();
  const facts: Fact[] = [
    { name: "cache entries before", value: entriesBefore, unit: "count" },
    { name: "cache entries at the first reply after", value: entriesAfter ?? "no reply came", unit: "count" },
    { name: `of ${allKeys.length} keys, the cache served before`, value: servedBefore, unit: "count" },
    { name: "and right after the loss", value: servedAfter ?? "there was no loss", unit: "count" },
    { name: "reads resent", value: requestsResent - counted.requestsResent, unit: "count" },
    { name: "new connections", value: connections - counted.connections, unit: "count" },
    { name: "requests flowed again after",
      value: flowingAt === undefined ? "not at all" : flowingAt - cutAt, unit: "time" },
  ];
  return { took, facts };
};

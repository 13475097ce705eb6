import { getMemoryStatistics } from "plimsoll";

import { openClient } from "../fleet.js";
import type { Trouble } from "./trouble.js";

const key = "demo:huge";
const timesTheLine = 4;
const replyBytesMax = 512 * 1024 ** 2;  // what a server stores in one string
const patience = 60_000;

/** A reply of four times the line: it streams past, and the connection goes on. */
export const hugeReply: Trouble = async ({ outcomes }) => {
  const bytes = Math.min(timesTheLine * getMemoryStatistics().limit, replyBytesMax);
  const client = await openClient({ clientName: "demo-huge", requestTimeout: patience });
  try {
    await client.setrange(key, bytes - 1, "x");
    const before = client.getStatistics();
    const start = performance.now();
    const got = outcomes.of(client.get(key, { as: "bytes" }));
    const next = outcomes.of(client.command(["PING"]));
    await Promise.all([got, next]);
    const took = performance.now() - start;
    const pong = await client.command(["PING"]);
    const { connections, bytesRead } = client.getStatistics();
    return { took, facts: [
      { name: "size of the reply", value: bytes, unit: "bytes" },
      { name: "bytes that streamed past", value: bytesRead - before.bytesRead, unit: "bytes" },
      { name: "PING after it", value: String(pong) },
      { name: "new connections", value: connections - before.connections, unit: "count" },
    ] };
  } finally {
    await client.unlink(key).catch(() => undefined);
    await client.close();
  }
};

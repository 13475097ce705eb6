import { openClient, troublemaker } from "../fleet.js";
import { Lanes, allKeys } from "./lanes.js";
import { sleep } from "../sleep.js";
import type { Trouble } from "./trouble.js";

const before = 300;
const pause = 1500;
const after = 500;
const timeout = 500;

/** The server answers nobody for a while. */
export const stall: Trouble = async ({ outcomes }) => {
  const breaker = await troublemaker();
  const client = await openClient({ clientName: "demo-stalled" });
  try {
    const lanes = new Lanes(client, outcomes, timeout);
    await sleep(before);
    const { connections } = client.getStatistics();
    const start = performance.now();
    let silence = 0;
    let lastAt = start;
    lanes.handleReply = (at) => {
      silence = Math.max(silence, at - lastAt);
      lastAt = at;
    };
    await breaker.command(["CLIENT", "PAUSE", String(pause), "ALL"]);
    await sleep(pause + after);
    await lanes.end();
    const took = performance.now() - start;
    await client.unlink(allKeys);
    return { took, facts: [
      { name: "asked to stand still for", value: pause, unit: "time" },
      { name: "longest silence", value: silence, unit: "time" },
      { name: "time-out of each request", value: timeout, unit: "time" },
      { name: "new connections", value: client.getStatistics().connections - connections, unit: "count" },
    ] };
  } finally {
    await client.close();
  }
};

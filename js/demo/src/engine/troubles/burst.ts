import { openClient } from "../fleet.js";
import { allKeys, flood } from "../flood.js";
import type { Trouble } from "./trouble.js";

const requestsCount = 100_000;

/** A burst; `choice` is what becomes of requests beyond the limit: "refuse", "wait", or "again". */
export const burst: Trouble = async ({ watch, outcomes }, choice) => {
  const client = await openClient({
    clientName: "demo-burst",
    inflightOverflow: choice === "refuse" ? "reject" : "wait",
    waitersMax: requestsCount,
  });
  try {
    const start = performance.now();
    await flood({ client, count: requestsCount, outcomes, again: choice === "again",
      look: () => watch.look() });
    const took = performance.now() - start;
    const { waited } = client.getStatistics();
    return { took, facts: [
      { name: "asked at once", value: requestsCount, unit: "count" },
      { name: "had to wait in line", value: waited, unit: "count" },
    ] };
  } finally {
    await client.unlink(allKeys).catch(() => undefined);
    await client.close();
  }
};

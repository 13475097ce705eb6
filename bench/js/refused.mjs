// What a refusal costs beside a request that is served: whoever sheds load does it in order to do less.

import { connect } from "node:net";

import { Client, ClientSideCache } from "../../js/dist/node.js";
import { inRounds, throughput } from "./measure.mjs";

// A client whose one place in flight is taken for ever: what it writes goes nowhere once it is ready.
const connectFull = async (port, options) => {
  let stalled = false;
  const transport = (_, events) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => events.opened());
    socket.on("data", (bytes) => events.data(bytes));
    return {
      canPause: true,
      write: (bytes) => stalled || (socket.write(Buffer.from(bytes)), true),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => socket.destroy(),
    };
  };
  const client = await Client.connect("valkey://full", { transport, requestTimeout: 0,
    healthCheckInterval: 0, inflightRequestsLimit: 1, inflightOverflow: "reject", closeTimeout: 1,
    ...options });
  stalled = true;
  client.ping().catch(() => {});  // until the end
  return client;
};

/** The row: microseconds of the processor for a refused call, and for one that is served. */
export const measureRefused = async (port, key, rounds, total) => {
  const full = await connectFull(port);
  const caching = await connectFull(port,
    { clientSideCache: new ClientSideCache({ maxCacheKb: 1024 }), transportName: "full" });
  const served = await Client.connect(`valkey://127.0.0.1:${port}`, { requestTimeout: 0 });
  const expected = (error) => { if (error.code !== "rejected_by_limit") throw error; };
  const row = await inRounds({
    plimsoll: (i) => full.get(key(i)).catch(expected),
    "plimsoll, set": (i) => full.set(key(i), "value").catch(expected),
    "plimsoll, a miss of its cache": (i) => caching.get(key(i)).catch(expected),
    "a get that is served": (i) => served.get(key(i)),
    "a set that is served": (i) => served.set(key(i), "value"),
  }, rounds, (operation) => throughput(operation, 100, total));
  await full.close();
  await caching.close();
  await served.close();
  return row;
};

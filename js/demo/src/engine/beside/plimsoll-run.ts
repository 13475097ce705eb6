import { Client, configure, getMemoryStatistics } from "plimsoll";

import { lineAtFirst } from "../fleet.js";
import { allKeys, flood } from "../flood.js";
import { Outcomes } from "../outcomes.js";
import type { SideResult, Task } from "./task.js";

// Plimsoll's side. Its line is the worker's: in one that does nothing else, its peak is that of this
// burst.

let socketMax = 0;

class WatchedWebSocket extends WebSocket {
  override send(data: Parameters<WebSocket["send"]>[0]): void {
    super.send(data);
    socketMax = Math.max(socketMax, this.bufferedAmount);
  }
}

export const runPlimsoll = async ({ address, token, count }: Task): Promise<SideResult> => {
  configure({ memoryLimit: lineAtFirst });
  const client = await Client.connect(address, { token, clientName: "demo-beside",
    inflightOverflow: "wait", waitersMax: count, WebSocket: WatchedWebSocket });
  const outcomes = new Outcomes();
  let heldMax = 0;
  const look = (): void => {
    const { inFlight, waiting } = client.getStatistics();
    heldMax = Math.max(heldMax, inFlight + waiting);
  };
  const start = performance.now();
  await flood({ client, count, outcomes, again: true, look });
  const took = performance.now() - start;
  const { peak, limit } = getMemoryStatistics();
  await client.unlink(allKeys);
  await client.close();
  return { outcomes: outcomes.list(), took, bytesMax: peak, bytesLimit: limit, socketMax, heldMax };
};

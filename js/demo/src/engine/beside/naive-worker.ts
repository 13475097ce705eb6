import { allKeys, wordsOf } from "../flood.js";
import { Outcomes } from "../outcomes.js";
import { serve } from "../serve.js";
import { NaiveClient } from "./naive-client.js";
import type { SideResult, Task } from "./task.js";

// The naive client, in a worker of its own.

const services = {
  run: async ({ address, token, count }: Task): Promise<SideResult> => {
    const client = await NaiveClient.connect(address, token);
    const outcomes = new Outcomes();
    let socketMax = 0;
    let heldMax = 0;
    const start = performance.now();
    const asked: Promise<unknown>[] = [];
    for (let index = 0; index < count; ++index) {
      asked.push(outcomes.of(client.command(wordsOf(index))));
      socketMax = Math.max(socketMax, client.bytesQueued);
      heldMax = Math.max(heldMax, client.waiting);
    }
    await Promise.all(asked);
    const took = performance.now() - start;
    await client.command(["UNLINK", ...allKeys]);
    client.close();
    return { outcomes: outcomes.list(), took, bytesMax: undefined, bytesLimit: undefined, socketMax,
      heldMax };
  },
};

export type BesideServices = typeof services;

serve(services);

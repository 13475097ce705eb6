// Every case that holds in every runtime: name -> what to do with a context of its own.

import { caching } from "./caching.mjs";
import { calls } from "./calls.mjs";
import { decoders } from "./decoders.mjs";
import { life } from "./life.mjs";
import { messages } from "./messages.mjs";
import { streams } from "./streams.mjs";
import { values } from "./values.mjs";

export const cases = { ...values, ...life, ...caching, ...messages, ...calls, ...decoders,
  ...streams };

let runs = 0;

/**
 * Runs one case, and closes the clients that it made. `target`: { address, addressOfNobody,
 * options, administration }, where options are what every client here needs, and administration is
 * where commands can be posted that a bridge would not let through.
 */
export const runCase = async (plimsoll, name, target) => {
  const clients = [];
  const prefix = `${Date.now().toString(36)}:${++runs}:`;
  const context = {
    plimsoll,
    addressOfNobody: target.addressOfNobody,
    WebSocket: target.options?.WebSocket,  // where the runtime has none
    hasCredits: /^wss?:/.test(target.address),  // the bridge here wants them
    key: (text) => prefix + text,
    connect: async (options) => {
      const client = await plimsoll.Client.connect(target.address,
        { requestTimeout: 5000, connectTimeout: 10_000, ...target.options, ...options });
      clients.push(client);
      return client;
    },
  };
  context.administer = async (words) => {
    if (target.administration === undefined) return (await context.connect()).command(words);
    const { ok } = await fetch(target.administration, { method: "POST", body: words.join(" ") });
    if (!ok) throw new Error(`${words.join(" ")} has failed`);
  };
  try {
    await cases[name](context);
  } finally {
    for (const client of clients) await client.close();
  }
};

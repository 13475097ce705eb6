import type { Client, Subscription, SubscriptionOverflow } from "plimsoll";

import { openClient } from "../fleet.js";
import { sleep } from "../sleep.js";
import type { Trouble } from "./trouble.js";

// A busy channel, and somebody who listens and is slow about it.

const channel = "demo:news";
const messagesCount = 20_000;
const messageBytes = 512;
const publishedAtOnce = 200;
const takenAtOnce = 10;
const pause = 25;
const listeningTime = 4000;

const publish = async (client: Client): Promise<number> => {
  const message = "n".repeat(messageBytes);
  let published = 0;
  while (published < messagesCount) {
    const some = Array.from({ length: publishedAtOnce }, () => client.publish(channel, message));
    await Promise.all(some);
    published += some.length;
  }
  return published;
};

interface Listened {
  taken: number;
  /** Of which the messages that were taken told. */
  toldLost: number;
  waitingMax: number;
  wasPaused: boolean;
}

const listenSlowly = async (subscription: Subscription): Promise<Listened> => {
  const listened = { taken: 0, toldLost: 0, waitingMax: 0, wasPaused: false };
  const end = performance.now() + listeningTime;
  let coming = subscription.next();
  while (performance.now() < end) {
    for (let i = 0; i < takenAtOnce; ++i) {
      const came = await Promise.race([coming, sleep(pause)]);
      if (came?.value === undefined) break;
      listened.taken += 1;
      listened.toldLost += came.value.lost;
      coming = subscription.next();
    }
    const { queued, paused } = subscription.getStatistics();
    listened.waitingMax = Math.max(listened.waitingMax, queued);
    listened.wasPaused ||= paused;
    await sleep(pause);
  }
  return listened;
};

/** `choice`: what becomes of messages for which there is no room. */
export const slowConsumer: Trouble = async ({ outcomes }, choice) => {
  const client = await openClient({ clientName: "demo-slow",
    subscriptionOverflow: choice as SubscriptionOverflow });
  const publisher = await openClient({ clientName: "demo-publisher", requestTimeout: 30_000,
    inflightOverflow: "wait", waitersMax: publishedAtOnce });
  try {
    const subscription = await client.subscribe(channel);
    const start = performance.now();
    const [listened, published] = await Promise.all([
      listenSlowly(subscription),
      publish(publisher),
    ]);
    const took = performance.now() - start;
    const { received, lost, queued } = subscription.getStatistics();
    subscription.close();
    outcomes.others("messages", listened.taken);
    outcomes.others("messages dropped", lost);
    return { took, facts: [
      { name: "published", value: published, unit: "count" },
      { name: "arrived", value: received, unit: "count" },
      { name: "told as lost with the next message", value: listened.toldLost, unit: "count" },
      { name: "waiting, at most", value: listened.waitingMax, unit: "count" },
      { name: "waiting at the end", value: queued, unit: "count" },
      { name: "not read from the server yet", value: published - received, unit: "count" },
      { name: "reading was paused", value: listened.wasPaused ? "yes" : "no" },
    ] };
  } finally {
    await Promise.all([client.close(), publisher.close()]);
  }
};

// Subscriptions.

import { check, equal, rejects, until } from "./check.mjs";

const take = async (subscription, count) => {
  const taken = [];
  for (let i = 0; i < count; ++i) taken.push((await subscription.next()).value);
  return taken;
};

export const messages = {
  "messages come in order, until the loop ends": async ({ connect, key }) => {
    const client = await connect();
    const news = await client.subscribe(key("news"));
    for (let i = 0; i < 200; ++i) client.publish(key("news"), `${i}`, { timeout: 0 });
    let count = 0;
    for await (const { channel, message, lost, gaps } of news) {
      equal([channel, message, lost, gaps], [key("news"), `${count}`, 0, 0]);
      if (++count === 200) break;
    }
    equal(await news.next(), { done: true, value: undefined });
    await until(() => client.getStatistics().subscriptions === 0);
  },

  "a loop over messages ends when the client is closed": async ({ connect, key }) => {
    const client = await connect();
    const waits = await client.subscribe(key("a"));
    const ended = (async () => {
      let count = 0;
      for await (const { message } of waits) count += message.length;
      return count;
    })();
    await client.publish(key("a"), "four");
    await until(() => waits.getStatistics().received === 1);
    await client.close();
    equal(await ended, 4);
    equal(await waits.next(), { done: true, value: undefined });
  },

  "patterns, bytes, and names that come and go": async ({ connect, key }) => {
    const client = await connect();
    const all = await client.subscribe(key("*"), { kind: "patterns" });
    await client.publish(key("a"), "1");
    const [first] = await take(all, 1);
    equal([first.channel, first.message, first.pattern], [key("a"), "1", key("*")]);
    const bytes = await client.subscribe([key("b"), key("c")], { as: "bytes" });
    equal(bytes.getStatistics().names, 2);
    await bytes.unsubscribe("channels", key("c"));
    equal(await client.publish(key("c"), "x"), 1, "who hears of c");
    await bytes.unsubscribe("channels", []);
    equal(bytes.getStatistics().names, 1, "what is left after none was named");
    await rejects(bytes.subscribe("channels", []), { name: "ConfigurationError" });
    await client.publish(key("b"), Uint8Array.of(255, 0));
    const [second] = await take(bytes, 1);
    equal(second.message, Uint8Array.of(255, 0));
    bytes.close();
    await rejects(bytes.subscribe("channels", "x"), { name: "ClosedError" });
    await rejects(all.subscribe("nothing", "x"), { name: "TypeError" });
  },

  "a subscription is bounded, and tells what it lost": async ({ connect, key }) => {
    const client = await connect({ subscriptionMessagesMax: 10 });
    const other = await connect();
    const news = await client.subscribe(key("news"));
    await Promise.all(Array.from({ length: 100 }, (_, i) => other.publish(key("news"), `${i}`)));
    await until(() => news.getStatistics().received === 100);
    equal(news.getStatistics().queued, 10);
    const [first] = await take(news, 1);
    equal([first.message, first.lost], ["90", 90]);
    check(news.getStatistics().lost === 90, "what was lost is counted");
  },

  "a subscription goes on after its connection was lost": async ({ connect, key, administer }) => {
    const client = await connect();
    const other = await connect();
    const news = await client.subscribe(key("news"));
    await administer(["CLIENT", "KILL", "TYPE", "pubsub"]);
    await until(async () => {
      await other.publish(key("news"), "again");
      return news.getStatistics().received > 0;
    });
    let { value } = await news.next();
    equal([value.message, value.gaps], ["again", 1]);
    await client.close();
    while (!(await news.next()).done);
  },
};

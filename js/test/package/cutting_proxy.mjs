import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * Carries bytes to a port of this machine, can reset what it carries, and keep who comes waiting. `accepted` is called
 * with each connection that it carries.
 */
export const startCuttingProxy = async (port, accepted = () => {}) => {
  const pairs = new Set();
  let waiting;
  const carry = (near) => {
    accepted();
    const far = connect(port, "127.0.0.1");
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]]) {
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => { to.destroy(); pairs.delete(pair); });
    }
  };
  const listener = createServer((near) => {
    near.on("error", () => {});
    if (waiting === undefined) carry(near);
    else waiting.push(near);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: listener.address().port,
    hold: () => { waiting = []; },
    release: () => {
      const all = waiting;
      waiting = undefined;
      for (const near of all) if (!near.destroyed) carry(near);
    },
    reset: () => { for (const pair of pairs) for (const each of pair) each.resetAndDestroy(); },
    stop: () => {
      listener.close();
      for (const pair of pairs) for (const each of pair) each.destroy();
      for (const near of waiting ?? []) near.destroy();
    },
  };
};

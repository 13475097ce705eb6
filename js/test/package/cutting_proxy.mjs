import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * Carries bytes to a port of this machine, can reset what it carries, and keep those waiting that come. reset({ isHalfOpen:
 * true }) tells only one side: the other one hears nothing any more. `accepted` is called with each connection.
 */
export const startCuttingProxy = async (port, accepted = () => {}) => {
  const pairs = new Set();
  const silent = new Set();
  let waiting;
  let carried = 0;
  const carry = (near) => {
    accepted();
    const far = connect(port, "127.0.0.1");
    near.on("data", (bytes) => { carried += bytes.length; });
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]]) {
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => {
        if (!pair.isHalfOpen) to.destroy();
        pairs.delete(pair);
        if (pair.isHalfOpen) silent.add(far);
      });
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
    /** How many bytes clients have sent. */
    carried: () => carried,
    hold: () => { waiting = []; },
    release: () => {
      const all = waiting;
      waiting = undefined;
      for (const near of all) if (!near.destroyed) carry(near);
    },
    reset: ({ isHalfOpen = false } = {}) => {
      for (const pair of pairs) {
        const [near, far] = pair;
        pair.isHalfOpen = isHalfOpen;
        if (isHalfOpen) near.unpipe(far);
        near.resetAndDestroy();
        if (!isHalfOpen) far.resetAndDestroy();
      }
    },
    stop: () => {
      listener.close();
      for (const pair of pairs) for (const each of pair) each.destroy();
      for (const near of waiting ?? []) near.destroy();
      for (const far of silent) far.destroy();
    },
  };
};

// What a page and its worker hold, as Chromium's debugger says it: after everything that can be
// collected has been.

/** Asks both of them; `ask(method)` resolves to an answer of each. */
const attach = async (page) => {
  const session = await page.context().newCDPSession(page);
  const workers = [];
  const waiting = new Map();
  let last = 0;
  session.on("Target.attachedToTarget", ({ sessionId }) => workers.push(sessionId));
  session.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await session.send("Target.setAutoAttach",
    { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const askWorker = (sessionId, method) => new Promise((resolve) => {
    last += 1;
    waiting.set(last, resolve);
    void session.send("Target.sendMessageToTarget",
      { sessionId, message: JSON.stringify({ id: last, method }) });
  });
  return {
    ask: (method) => session.send(method),
    askWorkers: (method) => Promise.all(workers.map((worker) => askWorker(worker, method))),
  };
};

/** Looks whenever it is asked: bytes, and a count of nodes. */
export const footprintOf = async (page) => {
  const { ask, askWorkers } = await attach(page);
  return async () => {
    await ask("HeapProfiler.collectGarbage");
    await askWorkers("HeapProfiler.collectGarbage");
    const inWorkers = await askWorkers("Runtime.getHeapUsage");
    if (inWorkers.length === 0) throw new Error("there is no worker to be looked at");
    const { memory } = await page.evaluate(() => globalThis.lastSnapshot);
    return {
      pageHeap: (await ask("Runtime.getHeapUsage")).usedSize,
      workerHeap: inWorkers.reduce((sum, { usedSize }) => sum + usedSize, 0),
      wasmHighWater: memory.highWater,
      nodes: (await ask("Memory.getDOMCounters")).nodes,
    };
  };
};

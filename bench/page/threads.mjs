// What the page's threads had of the processors, as the kernel counts it: a figure that says something
// where others use the machine as well.

import { readFileSync, readdirSync } from "node:fs";

const nameOf = (task) => readFileSync(`${task}/comm`, "utf8").trim();

const threadsOf = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`);
  } catch {
    return [];  // it has ended meanwhile
  }
};

/** Seconds that a thread ran, and that it was ready and had to wait (sched-stats of the kernel's documents). */
const timesOf = (task) => {
  const [ran, waited] = readFileSync(`${task}/schedstat`, "utf8").split(" ").map((each) => Number(each) / 1e9);
  return { ran, waited };
};

/** The one process of the browser's that runs workers; read() answers since the last time. */
export const watchThreads = async (browser) => {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const workers = processInfo.flatMap(({ type, id }) => type !== "renderer" ? []
    : threadsOf(id).filter((task) => nameOf(task) === "DedicatedWorker").map((worker) => ({ id, worker })));
  if (workers.length !== 1) throw new Error(`the browser runs ${workers.length} workers: expected one`);
  const [{ id, worker }] = workers;
  const page = `/proc/${id}/task/${id}`;  // a process's first thread has its id
  const look = () => ({ at: performance.now() / 1000, worker: timesOf(worker), page: timesOf(page) });
  let before = look();
  return () => {
    const now = look();
    const took = now.at - before.at;
    const share = (who, what) => (now[who][what] - before[who][what]) / took;
    const shares = { workerRan: share("worker", "ran"), workerWaited: share("worker", "waited"),
      pageRan: share("page", "ran"), pageWaited: share("page", "waited") };
    before = now;
    return shares;
  };
};

// What the browser has resident, as the kernel counts it, whatever our own gauges say: all of its processes
// but the one that paints.

import { readFileSync, writeFileSync } from "node:fs";

const resetPeak = "5";  // proc(5), clear_refs

const bytesOf = (pid, field) => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)[1]);
};

const pidsOf = async (browser) => {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type !== "GPU").map(({ id }) => id);
};

const begin = (pid) => {
  writeFileSync(`/proc/${pid}/clear_refs`, resetPeak);
  const begun = bytesOf(pid, "VmRSS");
  return () => bytesOf(pid, "VmHWM") - begun;
};

// Of a process that has ended meanwhile there is nothing to tell.
const ifThere = (ask, otherwise) => {
  try {
    return ask();
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
    return otherwise;
  }
};

/** From now on; what is returned answers by how many bytes all of them together have grown at most. */
export const watchResident = async (browser) => {
  const growths = (await pidsOf(browser)).map((pid) => ifThere(() => begin(pid), () => 0));
  return () => growths.reduce((sum, growth) => sum + ifThere(growth, 0), 0);
};

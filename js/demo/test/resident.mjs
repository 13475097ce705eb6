// What the browser's processes of pages have resident, as the kernel counts it: whatever our own gauges
// say.

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
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
};

/** From now on; what is returned answers by how many bytes all of them together have grown at most. */
export const watchResident = async (browser) => {
  const begun = (await pidsOf(browser)).map((pid) => {
    writeFileSync(`/proc/${pid}/clear_refs`, resetPeak);
    return { pid, bytes: bytesOf(pid, "VmRSS") };
  });
  return () => begun.reduce((sum, { pid, bytes }) => sum + bytesOf(pid, "VmHWM") - bytes, 0);
};

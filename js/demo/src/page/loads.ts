import type { LoadName } from "../engine/loads/loads.js";

// The loads as the page calls them.

export const loadNames: readonly LoadName[] = ["walk", "scan", "drift"];

export const titles: Record<LoadName, string> = {
  walk: "Package walk",
  scan: "Scan",
  drift: "Shifting popularity",
};

export const descriptions: Record<LoadName, string> = {
  walk: "The dependencies of every installed package of a Debian machine, a few packages at a time. " +
    "The cache gets 256 KiB.",
  scan: "Four rounds over 12,000 keys, always in the same order; every third read is of 1,500 others " +
    "that are wanted all the time. The cache gets half of the line; all keys have 2 KiB.",
  drift: "80,000 reads of 16,000 keys of 2 KiB, few of them popular, and others every 500 reads. The " +
    "cache gets half of the line.",
};

/** "lru": "LRU". */
export const policyTitle = (policy: string): string =>
  policy.length <= 4 ? policy.toUpperCase() : policy[0]!.toUpperCase() + policy.slice(1);

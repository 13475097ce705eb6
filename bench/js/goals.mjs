// What is held against the peers: ratios of this package's number to another's; of goals without any,
// the number itself.

export const goals = [
  { row: "cached get, 100 concurrent", of: "kops", against: ["node-redis"], least: 5 },
  { row: "cached get, 100 concurrent", of: "kops", against: ["valkey-glide"], least: 15 },
  { row: "cached get, 100 concurrent", of: "kops", against: ["lru-cache"], least: 0.6 },
  ...[100, 1000].flatMap((concurrent) => [
    { row: `get, ${concurrent} concurrent`, of: "kops", least: 1.2,
      against: ["ioredis, auto-pipelining", "iovalkey, auto-pipelining"] },
    { row: `get, ${concurrent} concurrent`, of: "cpu", most: 0.9,
      against: ["ioredis, auto-pipelining", "iovalkey, auto-pipelining"] },
    { row: `get, ${concurrent} concurrent`, of: "p99", most: 1,
      against: ["ioredis, auto-pipelining", "iovalkey, auto-pipelining"] },
  ]),
  { row: "get, 1 concurrent", of: "p50", most: 1, against: ["ioredis"] },
  { row: "refused, 100 concurrent", of: "cpu", most: 0.25, against: ["a get that is served"] },
  { row: "mget of 16, 100 concurrent", of: "kops", least: 1, against: "all" },
  { row: "hgetall of 20, 100 concurrent", of: "kops", least: 1, against: "all" },
  { row: "get of 1 MiB, 10 concurrent", of: "kops", least: 1, against: "all" },
  { row: "cached, the synchronous door", of: "kops", least: 1.5, against: ["awaited"] },
  { row: "resident memory, 100,000 cached", of: "rss", most: 1, against: ["node-redis"] },
  { row: "startup, milliseconds to the first reply", of: "over", most: 30 },
  { row: "size, KiB", of: "module", most: 64 },
  { row: "size, KiB", of: "tarball", most: 200 },
];

/** The goal's ratio to the best of those that it is against (or its number), and whether it is met. */
export const judge = (goal, rows) => {
  const row = rows[goal.row];
  if (row === undefined) return undefined;
  const { against, of, least, most } = goal;
  if (against === undefined) {
    const number = row.plimsoll[of];
    return { ratio: number, met: number <= most };
  }
  const peers = Object.keys(row).filter((name) => name !== "plimsoll" &&
    (against === "all" || against.includes(name)));
  if (peers.length === 0 || row.plimsoll === undefined) return undefined;
  const numbers = peers.map((name) => row[name][of]);
  const best = least !== undefined ? Math.max(...numbers) : Math.min(...numbers);
  const ratio = row.plimsoll[of] / best;
  return { ratio, met: least !== undefined ? ratio >= least : ratio <= most };
};

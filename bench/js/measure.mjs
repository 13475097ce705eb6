// Rounds, medians, and what an operation costs.

/** Runs `operation(i)` `total` times, `concurrent` at a time: operations a millisecond, and
    microseconds of this process's time for each. */
export const throughput = async (operation, concurrent, total) => {
  let next = 0;
  const loop = async () => {
    while (next < total) await operation(next++);
  };
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await Promise.all(Array.from({ length: concurrent }, loop));
  const milliseconds = performance.now() - begin;
  const { user, system } = process.cpuUsage(cpu);
  return { kops: total / milliseconds, cpu: (user + system) / total };
};

/** Microseconds that single operations took: the median and the 99th percentile. */
export const latency = async (operation, concurrent, total) => {
  const taken = new Float64Array(total);
  await throughput(async (i) => {
    const begin = performance.now();
    await operation(i);
    taken[i] = (performance.now() - begin) * 1000;
  }, concurrent, total);
  taken.sort();
  return { p50: taken[total >> 1], p99: taken[Math.floor(total * 0.99)] };
};

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** The medians of what each contender's `run` says, round by round in turn. */
export const inRounds = async (contenders, rounds, run) => {
  const all = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < rounds; ++round) {
    for (const [name, contender] of Object.entries(contenders)) {
      const said = await run(contender);
      if (round >= 0) all[name].push(said);  // the first one warms up
    }
  }
  return Object.fromEntries(Object.entries(all).map(([name, said]) => [name,
    Object.fromEntries(Object.keys(said[0]).map((key) => [key, median(said.map((s) => s[key]))]))]));
};

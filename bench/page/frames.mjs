// What the page's own thread has left for drawing: the gaps between its frames, and its long tasks.

const watch = (milliseconds) => new Promise((resolve) => {
  const gaps = [];
  const tasks = [];
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  });
  observer.observe({ type: "longtask" });
  let begun;
  let last;
  const see = (at) => {
    if (last === undefined) begun = at;
    else gaps.push(at - last);
    last = at;
    if (at < begun + milliseconds) return requestAnimationFrame(see);
    observer.disconnect();
    return resolve({ gaps, tasks, took: at - begun });
  };
  requestAnimationFrame(see);
});

/** Milliseconds, unless a name says otherwise; a long task has 50 or more (W3C Long Tasks). */
export const watchFrames = async (page, milliseconds) => {
  const { gaps, tasks, took } = await page.evaluate(watch, milliseconds);
  gaps.sort((a, b) => a - b);
  return {
    framesPerSecond: (1000 * gaps.length) / took,
    gapMedian: gaps[gaps.length >> 1],
    gap99: gaps[Math.floor(gaps.length * 0.99)],
    gapLongest: gaps.at(-1),
    longTasks: tasks.length,
    longTasksTime: tasks.reduce((sum, each) => sum + each, 0),
  };
};

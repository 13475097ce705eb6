// process.nextTick() as it was when this package was loaded, for the reason that own-timers.ts gives.
export const nextTick: typeof process.nextTick = process.nextTick.bind(process);

const HEARTBEAT_MS = 15_000;

/** Progress goes to standard error, so that standard output stays for addresses and variables. */
export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

const seconds = (sinceMs: number): string => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

/** Runs one step, says what it does, that it still does it, and how long it took. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = Date.now();
  say(`${what} …`);
  const heartbeat = setInterval(() => say(`${what}: still at it, ${seconds(startedMs)}`), HEARTBEAT_MS);
  try {
    const result = await work();
    say(`${what}: done in ${seconds(startedMs)}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}

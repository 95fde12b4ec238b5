const HEARTBEAT_MS = 15_000;

/** Progress goes to standard error, so that standard output stays for addresses and variables. */
export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

const secondsSince = (startMs: number): string => `${((Date.now() - startMs) / 1000).toFixed(1)} s`;

/** Runs one piece of work; says what it is and how long it took. */
export async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startMs = Date.now();
  say(`${what} …`);
  const result = await work();
  say(`${what}: done in ${secondsSince(startMs)}`);
  return result;
}

/** `told`, for a single step that may be long: also says now and then that it is still at it. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startMs = Date.now();
  const heartbeat = setInterval(() => say(`${what}: still at it, ${secondsSince(startMs)}`), HEARTBEAT_MS);
  try {
    return await told(what, work);
  } finally {
    clearInterval(heartbeat);
  }
}

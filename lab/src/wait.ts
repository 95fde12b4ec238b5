import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 100;

/** Thrown by a probe that knows that waiting any longer is of no use. */
export class Hopeless extends Error {}

/** Asks again until `probe` no longer throws; after `limitMs` throws with the probe's last reason. */
export async function until<T>(what: string, limitMs: number, probe: () => Promise<T>): Promise<T> {
  const deadlineMs = Date.now() + limitMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      if (Date.now() >= deadlineMs)
        throw new Error(`${what}: not within ${limitMs / 1000} s: ${String(error)}`, { cause: error });
      await sleep(PAUSE_MS);
    }
  }
}

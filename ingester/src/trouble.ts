/** What does not work right now, kept while it is being tried again: for /readyz. */
import type { Status } from '@dentryscope/transport';

export class Trouble {
  readonly #open = new Map<symbol, string>();

  /** @returns a place for one piece of work, which may be under way beside others. */
  place(): { say(detail: string): void; clear(): void } {
    const key = Symbol();
    return {
      say: (detail) => void this.#open.set(key, detail),
      clear: () => void this.#open.delete(key),
    };
  }

  status(): Status {
    const [detail] = this.#open.values();
    return detail === undefined ? { ok: true } : { ok: false, detail };
  }
}

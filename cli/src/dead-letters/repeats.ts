/** What was replayed by this command already. */
import { createHash } from 'node:crypto';
import { originOf } from '@dentryscope/transport';
import type { DeadLetter } from '@dentryscope/transport';

/** About 10 MB. Deliveries of one message lie close together; its replays come as often as someone replays. */
const REMEMBERED = 50_000;

/**
 * One message has several letters where it was delivered twice, or was replayed before and refused again: it is
 * replayed once. Otherwise every replay of all of them would double them.
 */
export class Repeats {
  readonly #seen = new Set<string>();

  constructor(private readonly most = REMEMBERED) {}

  /** @returns whether the same message, from the same place at first, was asked about before */
  has(letter: DeadLetter): boolean {
    const mark = createHash('sha256')
      .update(JSON.stringify([originOf(letter), letter.key]))
      .update(letter.value)
      .digest('base64');
    if (this.#seen.has(mark)) return true;
    this.#seen.add(mark);
    if (this.#seen.size > this.most) this.#seen.delete(this.#seen.values().next().value!);
    return false;
  }
}

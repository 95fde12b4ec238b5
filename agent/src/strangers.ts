/**
 * Cgroups whose birth and death were both missed: where many come and go at once, the kernel's ring of births and deaths is full
 * before it is read. Nobody says that they are gone, and each would keep its place in the kernel's tables for good.
 */

import { OVERFLOW_ID } from './identity.js';

/** Of two walks over all cgroups, one after the other: who was counted before the first and is in neither is gone. */
export class Strangers {
  #last: ReadonlySet<bigint> = new Set();

  /**
   * After a walk.
   * @param counted all that have a place
   * @param isUnknown whether the walk would have found it, and did not
   */
  gone(counted: Iterable<bigint>, isUnknown: (id: bigint) => boolean): bigint[] {
    const strangers = new Set([...counted].filter((id) => id !== OVERFLOW_ID && isUnknown(id)));
    const gone = [...strangers].filter((id) => this.#last.has(id));
    this.#last = strangers;
    return gone;
  }
}

/** What an agent leaves to the next one of the same boot, in the same transaction as its last window: JSON. */

export interface KernelLogNotes {
  /** Lines up to that one have been read. */
  readonly sequence: bigint;
  /** The kernel's own count of hung tasks. */
  readonly hungTasks?: bigint;
}

export interface Notes {
  /** Who was told to hold dentries, and has to be told as 0 once it is not any more. */
  readonly holders?: readonly bigint[];
  readonly kernelLog?: KernelLogNotes;
}

/** 64-bit ids never pass through a JSON number. */
export const encodeNotes = (notes: Notes): string =>
  JSON.stringify(notes, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** @returns nothing where there is no text: this agent is the first of its boot, or the one before was older than notes */
export function decodeNotes(text: string | undefined): Notes {
  if (text === undefined) return {};
  const revive = (_: string, value: unknown) =>
    typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : value;
  return JSON.parse(text, revive) as Notes;
}

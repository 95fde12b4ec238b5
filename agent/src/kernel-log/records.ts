/** Records of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): one a read, `level,sequence,µs,flags[,more];text`. */

export interface LogRecord {
  readonly sequence: bigint;
  /** The kernel's local clock: CLOCK_MONOTONIC without NTP's corrections. */
  readonly timeNs: bigint;
  /** Goes on with the line of the record before. */
  readonly continues: boolean;
  /** Task (T) or CPU (C) that printed it, where the kernel tells (CONFIG_PRINTK_CALLER); else empty. */
  readonly caller: string;
  readonly text: string;
}

/** Lines after the first are a dictionary (SUBSYSTEM=, DEVICE=), not text. @returns undefined for an unknown form */
export function parseRecord(raw: string): LogRecord | undefined {
  const match = /^\d+,(\d+),(\d+),([^;,]*)(?:[^;]*?,caller=(\w+))?[^;]*;([^\n]*)/.exec(raw);
  if (!match) return undefined;
  const [, sequence, timeUs, flags, caller = '', text] = match as unknown as string[];
  return {
    sequence: BigInt(sequence!),
    timeNs: BigInt(timeUs!) * 1000n,
    continues: flags!.includes('c'),
    caller,
    text: text!.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  };
}

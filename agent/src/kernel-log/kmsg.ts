/** /dev/kmsg from now on. Opening asks for CAP_SYSLOG where kernel.dmesg_restrict is 1. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { parseRecord } from './records.js';
import type { LogRecord } from './records.js';

/** A record with its dictionary is shorter (PRINTKRB_RECORD_MAX, CONSOLE_EXT_LOG_MAX of kernel/printk). */
const RECORD_BYTES = 8192;
/** A bound of one read's work: what is left comes with the next. */
const MAX_RECORDS = 50_000;

export class Kmsg {
  readonly #buffer = Buffer.alloc(RECORD_BYTES);
  readonly #fd: number;
  #lastSequence: bigint | undefined;
  #lost = 0n;

  /**
   * @param after the last line that is not ours to tell; undefined: all that are there
   * @throws Error with a `code`: EPERM, ENOENT
   */
  constructor(
    path: string,
    private readonly after?: bigint,
  ) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#lastSequence = after;
    if (after !== undefined) return;
    while (this.read().length === MAX_RECORDS);
    this.#lost = 0n;
  }

  /** Of the last line that was read; undefined: the log was empty. */
  get lastSequence(): bigint | undefined {
    return this.#lastSequence;
  }

  /** Lines that the kernel overwrote before they were read. */
  get lost(): bigint {
    return this.#lost;
  }

  /** Never blocks. */
  read(): LogRecord[] {
    const records: LogRecord[] = [];
    while (records.length < MAX_RECORDS) {
      const raw = this.#readRaw();
      if (raw === undefined) break;
      const record = parseRecord(raw);
      if (!record || (this.after !== undefined && record.sequence <= this.after)) continue;
      if (this.#lastSequence !== undefined) this.#lost += record.sequence - this.#lastSequence - 1n;
      this.#lastSequence = record.sequence;
      records.push(record);
    }
    return records;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** @returns undefined when there is no more; EPIPE says that the next read goes on after a gap */
  #readRaw(): string | undefined {
    for (;;) {
      try {
        // A file's end, where it is none of the kernel's.
        return this.#buffer.toString('utf8', 0, readSync(this.#fd, this.#buffer)) || undefined;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return undefined;
        if (code !== 'EPIPE') throw error;
      }
    }
  }
}

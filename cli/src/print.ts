/** Lines on standard output, no faster than they are read. */
import { once } from 'node:events';

/** @param signal aborted: whoever read them is gone, or the command ends */
export async function printLine(line: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || process.stdout.write(`${line}\n`)) return;
  // What a broken pipe rejects with is told by the stream's own 'error', which ends the command.
  await once(process.stdout, 'drain', { signal }).catch(() => undefined);
}

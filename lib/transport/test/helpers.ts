import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { mountSmallDisk } from '@dentryscope/lab';
import type { Consumer, Received } from '@dentryscope/transport';

/** Waits until the condition holds. Real parts on a busy machine take their time: generous, but bounded. */
export async function until(condition: () => unknown, timeoutMs = 40_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs the consumer until it has handled `count` messages and committed them; the caller closes it. */
export async function collect(consumer: Consumer, count: number): Promise<Received[]> {
  const messages: Received[] = [];
  void consumer.run(async (batch) => void messages.push(...batch));
  await until(() => messages.length >= count);
  return messages;
}

/** A directory that goes when the test file is done. */
export function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dentryscope-transport-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Mounting needs root; a machine that does not let us has no such disk to fill. @returns the directory, now a disk of its own */
export function tinyDisk(directory: string, bytes: number): string | undefined {
  const unmount = mountSmallDisk(directory, bytes);
  if (unmount) afterAll(unmount);
  return unmount && directory;
}

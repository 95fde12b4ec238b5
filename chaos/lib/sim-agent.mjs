/**
 * An agent but for its kernel: the real spool and sender, with windows whose values are known. Started with one JSON
 * argument; makes a window every `periodMs`, or with `drain` none: then it ends when all are sent, and says how many
 * windows it ever made.
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sender, openSpool } from '@dentryscope/agent';
import { batchKey, encodeBatch } from '@dentryscope/contracts';
import { createLogger } from '@dentryscope/runtime';
import { openPublisher } from '@dentryscope/transport';
import { CLUSTER, WINDOW_MS, batchOf, nodeName } from './content.mjs';
import { spoiled } from './faults.mjs';

const SPOOL_BYTES = 64 << 20;
const LOOK_EVERY_MS = 50;

const { seed, node, boot, baseMs, periodMs, directory, settings, fault, drain } = JSON.parse(process.argv[2]);
const bootId = `boot-${boot}`;
const logger = createLogger('sim-agent', 'debug');
mkdirSync(directory, { recursive: true });
const spool = openSpool({ directory, maxBytes: SPOOL_BYTES, bootId });
const publisher = openPublisher(settings, {
  log: (level, message, fields) => logger[level](fields ?? {}, message),
});
const key = batchKey({ cluster: CLUSTER, node: nodeName(node) });
const sender = new Sender(spool, publisher, {
  key,
  drainPerSecond: 1000,
  logger,
  onFatal: (error) => {
    throw error;
  },
});

/** How many windows have been made: their times are without a gap, over boots too. */
const made = () => (spool.lastWindowEndMs === 0 ? 0 : (spool.lastWindowEndMs - baseMs) / WINDOW_MS);

function makeWindow(infos) {
  const window = made();
  spool.append((seq) => {
    const batch = spoiled(fault, batchOf({ seed, node, window, baseMs, bootId, seq, infos }), window);
    return { bytes: encodeBatch(batch), endMs: Number(batch.windowEndMs) };
  });
  sender.notify();
}

sender.start();
process.stdout.write(`${JSON.stringify({ ready: made() })}\n`);
if (drain) {
  while (spool.size > 0) await sleep(LOOK_EVERY_MS);
  process.stdout.write(`${JSON.stringify({ windows: made() })}\n`);
  await sender.close(0);
  await publisher.close();
  spool.close();
} else {
  for (let infos = true; ; infos = false) {
    makeWindow(infos);
    await spool.pack();
    await sleep(periodMs);
  }
}

/** Sends the messages, one after the other, in a thread of its own: a hang is seen from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { corpus } from './corpus.mjs';
import { Finding, Harness } from './harness.mjs';
import { grown, memory, rssMiB } from './memory.mjs';
import { messageAt } from './message.mjs';

const { seed, from, to, fault, shared } = workerData;
const SAMPLE_EVERY = 1000;

async function run() {
  const bases = corpus(seed);
  const harness = new Harness(fault);
  const counts = { sent: 0, accepted: 0, deadLettered: 0, bytes: 0 };
  const slowest = { index: from, ms: 0 };
  const byMutation = {};
  let peakRssMiB = 0;
  let early;
  const tenth = from + Math.ceil((to - from) / 10);
  for (let index = from; index < to; index++) {
    const { bytes, mutations } = messageAt(bases, seed, index);
    Atomics.store(shared, 0, index);
    Atomics.store(shared, 1, 1); // from now on the clock of the watch runs
    const startedMs = performance.now();
    const outcome = await harness.send(bytes, index);
    const ms = performance.now() - startedMs;
    if (ms > slowest.ms) Object.assign(slowest, { index, ms, bytes: bytes.length });
    counts.sent++;
    counts[outcome]++;
    counts.bytes += bytes.length;
    const kind = (mutations[0] ?? 'intact').split(' in field')[0];
    (byMutation[kind] ??= { accepted: 0, deadLettered: 0 })[outcome]++;
    if (counts.sent % SAMPLE_EVERY === 0) peakRssMiB = Math.max(peakRssMiB, rssMiB());
    if (index + 1 === tenth) early = memory();
  }
  const late = memory();
  return { ...counts, byMutation, slowest, memory: { early, late, peakRssMiB }, grown: grown(early, late) };
}

try {
  parentPort.postMessage({ result: await run() });
} catch (error) {
  if (!(error instanceof Finding)) throw error;
  parentPort.postMessage({ finding: error.message });
}

/** Runs the worker and looks on: at how far it is, and at whether it still moves. */
import { Worker } from 'node:worker_threads';

const LOOK_EVERY_MS = 250;
/** Node's exit code where nothing is left to do but a promise is awaited (nodejs.org/api/process.html#exit-codes). */
const UNSETTLED = 13;
const broke = (code) => `the thread ended by itself (${code}) with a message in hand`;
/** A message of 200 kB decodes to some 10 MiB; whatever takes a hundred times that is a fault. */
const MOST_HEAP_MIB = 1024;

/**
 * @param onProgress called now and then with the index in hand
 * @returns {Promise<{result?: object, finding?: string, index: number}>}
 */
export function watch({ seed, from, to, fault, boundSeconds, onProgress }) {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: { seed, from, to, fault, shared },
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
  });
  const inHand = () => Atomics.load(shared, 0) >>> 0;
  return new Promise((resolve) => {
    let seen = { index: -1, atMs: performance.now() };
    let ended = false;
    const end = (outcome) => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      worker.terminate().finally(() => resolve({ ...outcome, index: inHand() }));
    };
    const timer = setInterval(() => {
      const index = Atomics.load(shared, 1) === 0 ? -1 : inHand();
      if (index !== seen.index) seen = { index, atMs: performance.now() };
      else if (index >= 0 && performance.now() - seen.atMs > boundSeconds * 1000)
        end({ finding: `it takes longer than ${boundSeconds} s` });
      onProgress(inHand());
    }, LOOK_EVERY_MS);
    worker.on('message', end);
    worker.on('error', (error) => end({ finding: `the thread broke: ${error.stack ?? error.message}` }));
    worker.on('exit', (code) =>
      end({ finding: code === UNSETTLED ? 'the handler never resolves' : broke(code) }),
    );
  });
}

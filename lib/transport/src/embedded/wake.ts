/** Consumers of this process learn at once of what this process published; of other processes', by asking. */
import { EventEmitter } from 'node:events';

const emitters = new Map<string, EventEmitter>();

function emitterOf(file: string): EventEmitter {
  const known = emitters.get(file);
  if (known) return known;
  const made = new EventEmitter().setMaxListeners(0);
  emitters.set(file, made);
  return made;
}

export function wakeConsumers(file: string): void {
  emitters.get(file)?.emit('published');
}

/** Resolves when something was published to the file by this process, after `ms`, or when the signal is aborted. */
export function published(file: string, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const emitter = emitterOf(file);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      emitter.off('published', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    emitter.once('published', done);
  });
}

/** The fleet in real time: publishes what is over, then each window as it ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { batchKey, encodeBatch, topics } from '@dentryscope/contracts';
import type { NodeBatch } from '@dentryscope/contracts';
import type { Message, Publisher } from '@dentryscope/transport';
import type { Fleet } from './fleet.js';
import type { ContainerName } from './names.js';
import type { Truth } from './truth.js';

/** The part of a pino logger that is used. */
export interface SimulationLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SimulationOptions {
  readonly fleet: Fleet;
  readonly publisher: Publisher;
  /** Aborted: the windows in hand are finished or given up, and the run resolves. */
  readonly signal: AbortSignal;
  readonly logger: SimulationLogger;
  /** Windows that are over when the run starts; by default those between the fleet's start and now. */
  readonly backfillWindows?: number;
  /** Windows end this many times faster than by the clock. Default 1. */
  readonly speed?: number;
  /** Where given, ends the run after this many windows. */
  readonly windows?: number;
  /** Told of each window that was taken whole, in order. */
  readonly onTaken?: (batches: readonly NodeBatch[]) => void;
  /** Told of containers before their first window is published: what a pod informer would have told. */
  readonly onNames?: (names: readonly ContainerName[]) => Promise<void>;
}

/** A broker takes about a megabyte a request, and a node's window may be several kilobytes. */
const MESSAGES_A_PUBLISH = 100;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;

/**
 * Publishes from window 0 on, in order, each until it is taken: nothing is skipped, and late windows follow as fast as
 * the publisher takes them. A window that was under way when the signal came may be there in part and is not counted.
 * @returns the truth of the windows that were taken whole; added up when first asked for
 * @throws what the publisher, or who is told the names, says can never work
 */
export async function runSimulation(options: SimulationOptions): Promise<Truth> {
  const { fleet, signal, logger, windows = Infinity } = options;
  const endsAtMs = schedule(options);
  let next = 0;
  logger.info({ nodes: fleet.nodes.length, windows: backfill(options) }, 'publishing the simulated past');
  while (next < windows && (await until(endsAtMs(next), signal)) && (await publishWindow(options, next)))
    next += 1;
  logger.info({ windows: next }, 'the simulated fleet has ended');
  return lazily(() => fleet.truth({ from: 0, to: next }));
}

function backfill({ fleet, backfillWindows, windows = Infinity }: SimulationOptions): number {
  const { startMs, windowMs } = fleet.options;
  const over = backfillWindows ?? Math.floor((Date.now() - startMs) / windowMs);
  return Math.min(windows, Math.max(0, over));
}

/** When each window ends, by this process's clock: the fleet's own time goes `speed` times as fast. */
function schedule(options: SimulationOptions): (window: number) => number {
  const { startMs, windowMs } = options.fleet.options;
  const { speed = 1, backfillWindows } = options;
  const startedMs = Date.now();
  const fleetStartedMs = backfillWindows === undefined ? startedMs : startMs + backfillWindows * windowMs;
  return (window) => startedMs + (startMs + (window + 1) * windowMs - fleetStartedMs) / speed;
}

/** @returns false where the signal came first */
async function until(timeMs: number, signal: AbortSignal): Promise<boolean> {
  // Steps of a minute: setTimeout cannot wait longer than 24.8 days, and a clock may be stepped.
  while (!signal.aborted && Date.now() < timeMs) await sleep(Math.min(timeMs - Date.now(), 60_000), signal);
  return !signal.aborted;
}

/** @returns false where it was given up, since the signal came */
async function publishWindow(
  { fleet, publisher, signal, logger, onNames, onTaken }: SimulationOptions,
  window: number,
) {
  const batches = fleet.window(window);
  const messages: Message[] = batches.map((batch) => ({ key: batchKey(batch), value: encodeBatch(batch) }));
  const fresh = onNames ? fleet.newContainerNames(window) : [];
  if (fresh.length > 0 && !(await retried(() => onNames!(fresh), { window, signal, logger }))) return false;
  for (let at = 0; at < messages.length; at += MESSAGES_A_PUBLISH) {
    const some = messages.slice(at, at + MESSAGES_A_PUBLISH);
    if (!(await retried(() => publisher.publish(topics.deltas, some), { window, signal, logger })))
      return false;
  }
  onTaken?.(batches);
  // The publisher may answer without a pause (a file, memory): others in this process have to live too.
  await new Promise(setImmediate);
  return true;
}

type Attempt = Pick<SimulationOptions, 'signal' | 'logger'> & { readonly window: number };

/** Tries until it works or the signal comes: with back-off, and jitter so that fleets don't knock in step. */
async function retried(work: () => Promise<void>, { window, signal, logger }: Attempt): Promise<boolean> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
    try {
      await work();
      return true;
    } catch (error) {
      if (isHopeless(error)) throw error;
      logger.warn({ err: error, window }, 'a simulated window was not taken; it is kept and tried again');
    }
    if (!(await sleep(waitMs * (0.5 + Math.random() / 2), signal))) return false;
  }
}

/** As errors of the transport and of the store say it of themselves: the same would fail again, for ever. */
function isHopeless(error: unknown): boolean {
  return (error as { retryable?: unknown } | undefined)?.retryable === false;
}

/** @returns false where the signal came first */
async function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}

/** A long run's truth takes a while to add up, and most who end a simulation never ask. */
function lazily(make: () => Truth): Truth {
  let made: Truth | undefined;
  const truth = () => (made ??= make());
  return {
    get windows() {
      return truth().windows;
    },
    get batches() {
      return truth().batches;
    },
    get rows() {
      return truth().rows;
    },
    sum: (metric, where) => truth().sum(metric, where),
    toJSON: () => truth().toJSON(),
  };
}

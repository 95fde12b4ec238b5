import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, Unreachable } from './client.js';
import { load } from './load.js';
import type { Snapshot } from './load.js';
import { toHash } from './selection.js';
import type { Selection } from './selection.js';

export const POLL_MS = 5000;

export interface Failure {
  readonly kind: 'unreachable' | 'token' | 'problem' | 'page';
  readonly detail: string;
}

export interface Live {
  readonly snapshot: Snapshot | undefined;
  readonly failure: Failure | undefined;
}

function kindOf(error: unknown): Failure['kind'] {
  if (error instanceof Unreachable) return 'unreachable';
  if (!(error instanceof ApiProblem)) return 'page';
  return error.status === 401 || error.status === 403 ? 'token' : 'problem';
}

const failureOf = (error: unknown): Failure => ({
  kind: kindOf(error),
  detail: error instanceof Error ? error.message : String(error),
});

/** Waits for the page to be looked at: a hidden tab asks nothing. */
function visible(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const onChange = () => document.hidden || resolve();
    document.addEventListener('visibilitychange', onChange, { signal });
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function pollUntil(signal: AbortSignal, once: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await visible(signal);
    await once();
    await pause(POLL_MS);
  }
}

/**
 * The newest snapshot; the last good one stays while the API fails.
 * @param attempt changes to ask at once, e.g. with another token
 */
export function useLive(selection: Selection, attempt: number): Live {
  const [live, setLive] = useState<Live>({ snapshot: undefined, failure: undefined });
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    void pollUntil(signal, async () => {
      try {
        const snapshot = await load(selection, signal);
        if (!signal.aborted) setLive({ snapshot, failure: undefined });
      } catch (error) {
        if (!signal.aborted) setLive((before) => ({ ...before, failure: failureOf(error) }));
      }
    });
    return () => controller.abort();
  }, [toHash(selection), attempt]);
  return live;
}

/** Renders again every second: ages are shown. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

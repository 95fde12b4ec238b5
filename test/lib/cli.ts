/** The command as a user starts it: a process of its own, ended by its id. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = join(import.meta.dirname, '..', '..');
const bin = join(root, 'cli', 'bin', 'dentryscope.mjs');
const running = new Set<Cli>();

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Cli {
  stdout = '';
  stderr = '';
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(command: readonly string[], env: Record<string, string>) {
    const [file, ...args] = command as [string, ...string[]];
    this.#child = spawn(file, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdout!.on('data', (chunk) => (this.stdout += String(chunk)));
    this.#child.stderr!.on('data', (chunk) => (this.stderr += String(chunk)));
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      running.delete(this);
      return { code, signal } as Exit;
    });
    running.add(this);
  }

  /** @param wrapper a command to run it under, e.g. setpriv with its flags */
  static start(
    args: readonly string[],
    env: Record<string, string> = {},
    wrapper: readonly string[] = [],
  ): Cli {
    return new Cli([...wrapper, process.execPath, bin, ...args], env);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  input(text: string): void {
    this.#child.stdin!.end(text);
  }

  /** And leaves it open, as one who has more to say. */
  inputSome(text: string): void {
    this.#child.stdin!.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    return await this.exited;
  }

  /** @returns the first match in what it printed on standard output, or on standard error */
  async says(pattern: RegExp, withinMs = 30_000): Promise<RegExpExecArray> {
    return await eventually(
      () => {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (!match && this.#child.exitCode !== null) throw new Ended(`ended: ${this.stderr.slice(-2000)}`);
        return match ?? undefined;
      },
      withinMs,
      () => `${String(pattern)} in:\n${this.stdout.slice(-1000)}\n${this.stderr.slice(-2000)}`,
    );
  }
}

class Ended extends Error {}

/** Ends what a failed test left. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((cli) => cli.end('SIGKILL')));
}

/** Asks until there is an answer; what `probe` throws counts as "not yet", but is told at the end. */
export async function eventually<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  withinMs = 30_000,
  what: () => string = () => String(probe),
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof Ended) throw error;
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what()}`, { cause: last });
    await sleep(100);
  }
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${body}`);
  return JSON.parse(body) as T;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { dieWithUs } from './die-with-us.js';
import { tail } from './exec.js';
import type { Home } from './home.js';
import { identify, type ProcessId } from './proc.js';
import { Hopeless, until } from './wait.js';

export interface DaemonSpec {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  /** Throws until the part answers a real request. */
  ready: () => Promise<unknown>;
  readyLimitMs: number;
}

const ENDING: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT'];
const END_LIMIT_MS = 20_000;

/** One process of a part: start, wait until ready, signal, start again with the same arguments. */
export class Daemon {
  private id: ProcessId | undefined;
  private child: ChildProcess | undefined;
  private readonly logFile: string;

  constructor(
    private readonly spec: DaemonSpec,
    private readonly home: Home,
  ) {
    this.logFile = join(home.dir, `${spec.name}.log`);
  }

  get process(): ProcessId {
    if (!this.id) throw new Error(`${this.spec.name} was not started`);
    return this.id;
  }

  get alive(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  async start(): Promise<void> {
    this.child = await this.launch();
    this.id = identify(this.child.pid!) ?? { pid: this.child.pid!, start: 'ended at once' };
    this.home.record(this.id);
    try {
      await until(`${this.spec.name} ready`, this.spec.readyLimitMs, () => this.probe());
    } catch (error) {
      this.child.kill('SIGKILL');
      throw new Error(`${(error as Error).message}\n--- end of its log:\n${tail(this.logFile)}`, {
        cause: error,
      });
    }
  }

  /** Sends the signal; if it is one that ends a process, resolves when the process is gone. */
  async kill(name: NodeJS.Signals, limitMs = END_LIMIT_MS): Promise<void> {
    const { pid } = this.process;
    if (this.alive) this.child!.kill(name);
    if (!ENDING.includes(name)) return;
    await until(`${this.spec.name} gone after ${name}`, limitMs, async () => {
      if (this.alive) throw new Error(`pid ${pid} is still there`);
    });
  }

  async end(): Promise<void> {
    if (!this.alive) return;
    await this.kill('SIGTERM').catch(() => this.kill('SIGKILL'));
  }

  private async probe(): Promise<void> {
    if (!this.alive) throw new Hopeless(`${this.spec.name} ended before it was ready`);
    await this.spec.ready();
  }

  private async launch(): Promise<ChildProcess> {
    const { command, args, env } = this.spec;
    const { dir, detached } = this.home;
    const log = openSync(this.logFile, 'a');
    const [file, argv] = detached ? [command, args] : dieWithUs(command, args);
    const stdio: ['ignore', number, number] = ['ignore', log, log];
    const child = spawn(file, argv, { cwd: dir, env: env ?? process.env, stdio, detached });
    closeSync(log);
    await spawned(child);
    child.unref();
    return child;
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
}

/** A process that is killed, held and started again, and that comes back where it ends by itself. Its log is one file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { dieWithUs } from '@dentryscope/lab';

const READY_LIMIT_MS = 60_000;
/** As a supervisor would. */
const AGAIN_AFTER_MS = 1000;

export class Process {
  /** Ended by itself. */
  gaveUp = 0;
  #child;
  #wanted = false;

  /**
   * @param name: of the log and in reports; kind: what it is; log: file
   * @param command () => [file, args, env]: asked at every start
   * @param ready pattern of a line that says that it works; without one it works when it runs
   * @param onReady called with the match
   */
  constructor({ name, kind, command, ready, onReady = () => {}, log }) {
    Object.assign(this, { name, kind, command, ready, onReady, logFile: log });
  }

  get alive() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @throws Error where it says nothing in time */
  async start() {
    this.#wanted = true;
    const ready = this.#spawn();
    const limit = sleep(READY_LIMIT_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${this.name} says nothing that matches ${this.ready}: see ${this.logFile}`);
    });
    this.onReady(await Promise.race([ready, limit]));
  }

  signal(signal) {
    if (this.alive) this.#child.kill(signal);
  }

  /** Resolves when it is gone, and stays so until it is started. */
  async kill(signal = 'SIGKILL') {
    this.#wanted = false;
    if (!this.alive) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }

  /** @returns {Promise} of the line that matches; a life that ends before leaves it to the next one */
  #spawn() {
    const [command, args, env = {}] = this.command();
    const [file, argv] = dieWithUs(command, args);
    const { PATH, HOME } = process.env;
    const child = spawn(file, argv, { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const log = createWriteStream(this.logFile, { flags: 'a' });
    child.once('exit', () => this.#onExit());
    child.once('close', () => log.end());
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      if (!this.ready) child.once('spawn', resolve);
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          log.write(`${line}\n`);
          const match = this.ready?.exec(line);
          if (match) resolve(match);
        });
    });
  }

  #onExit() {
    if (!this.#wanted) return;
    this.gaveUp += 1;
    const again = () => this.#wanted && !this.alive && this.#spawn().then(this.onReady);
    setTimeout(again, AGAIN_AFTER_MS).unref();
  }
}

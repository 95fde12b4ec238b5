/** Programs that are told what to do line by line, and are ended by the end of their standard input. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const KILL_AFTER_MS = 10_000;
const AGAIN_MS = 250;
const TAIL_CHARS = 2000;

export class Child {
  #lines;
  #stderr = '';
  #ended;

  constructor(scope, command, args, options = {}) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.pid = this.process.pid;
    this.process.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-TAIL_CHARS);
    });
    this.process.stdin?.on('error', () => {}); // it is gone: the reader of its lines is told why
    this.#ended = new Promise((resolve) => {
      this.process.once('error', (error) => resolve(error.message));
      this.process.once('close', (code, signal) => resolve(code ?? signal));
    });
    this.#lines = this.process.stdout
      ? createInterface({ input: this.process.stdout })[Symbol.asyncIterator]()
      : undefined;
    this.name = command;
    this.forget = scope.defer(() => this.#kill());
  }

  /** @throws Error with the end of its standard error where it ended instead */
  async line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended with ${await this.#ended}: ${this.#stderr.trim()}`);
    return value;
  }

  async ask(question) {
    this.process.stdin.write(`${question}\n`);
    return await this.line();
  }

  get ended() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  get stderr() {
    return this.#stderr;
  }

  /**
   * Ends it in its own way: by the end of its input, or by `signal`, sent again while `overlooked` says so. What does
   * not end is killed. @returns the lines that were left
   */
  async end(signal, overlooked = () => false) {
    const rest = [];
    if (signal) this.process.kill(signal);
    const again = setInterval(() => overlooked() && this.process.kill(signal), AGAIN_MS);
    const limit = setTimeout(() => this.process.kill('SIGKILL'), KILL_AFTER_MS);
    this.process.stdin?.end();
    if (this.#lines) for (let next; !(next = await this.#lines.next()).done;) rest.push(next.value);
    await this.#ended;
    clearInterval(again);
    clearTimeout(limit);
    await this.forget();
    return rest;
  }

  async #kill() {
    if (!this.ended) this.process.kill('SIGTERM');
    const limit = setTimeout(() => this.process.kill('SIGKILL'), KILL_AFTER_MS);
    await this.#ended;
    clearTimeout(limit);
  }
}

/** Runs it to its end. @returns its standard output @throws Error with its words */
export async function output(scope, command, args, onStderr = () => {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const forget = scope.defer(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err = (err + text).slice(-TAIL_CHARS);
    onStderr(text);
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}: ${err.trim()}`);
  await forget();
  return out;
}

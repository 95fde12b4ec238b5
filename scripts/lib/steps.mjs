/** Steps of a long set-up: each shown while it runs, with its time; what it prints goes to a log, shown when it fails. */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const logFile = join(root, '.cache', 'setup.log');
const TICK_MS = 1000;

export class StepError extends Error {}

/** Runs `work` under a title; on a terminal the time counts up, elsewhere there is one line at the end. */
export async function step(title, work) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const tty = process.stderr.isTTY;
  const tick = tty && setInterval(() => process.stderr.write(`\r\x1b[K… ${title}  ${seconds()}`), TICK_MS);
  if (tty) process.stderr.write(`… ${title}`);
  else process.stderr.write(`… ${title}\n`);
  try {
    const note = await work();
    process.stderr.write(`${tty ? '\r\x1b[K' : ''}✓ ${title}  ${seconds()}${note ? `  (${note})` : ''}\n`);
  } catch (error) {
    process.stderr.write(`${tty ? '\r\x1b[K' : ''}✗ ${title}  ${seconds()}\n`);
    throw error;
  } finally {
    clearInterval(tick);
  }
}

/** @throws StepError with the end of what the command printed */
export async function run(command, args, options = {}) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile, { flags: 'a' });
  const tail = [];
  const keep = (chunk) => {
    log.write(chunk);
    tail.push(chunk);
    if (tail.length > 200) tail.shift();
  };
  log.write(`$ ${command} ${args.join(' ')}\n`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const status = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  log.end();
  if (status === 0) return;
  const last = Buffer.concat(tail).toString().split('\n').slice(-40).join('\n');
  throw new StepError(`${command} ${args.join(' ')} ended with ${status}:\n${last}\n(all of it: ${logFile})`);
}

/** Like `run`, but what it prints is shown as it comes. @returns the exit status, 128 + n after signal n */
export async function show(command, args, options = {}) {
  return await ending(spawn(command, args, { cwd: root, stdio: 'inherit', ...options }));
}

/** @returns the exit status of a child, 128 + n after signal n */
export async function ending(child) {
  // The terminal sends Ctrl-C to both; the child ends in its own order and we wait for it.
  const relay = (signal) => child.kill(signal);
  const ignore = () => {};
  process.on('SIGINT', ignore);
  process.on('SIGTERM', relay);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

export const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Ends the process with the message of a StepError; anything else is a fault and shows its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(`${error instanceof StepError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dieWithUs } from './die-with-us.js';
import { say } from './progress.js';

export interface ExecOptions {
  cwd: string;
  env?: NodeJS.ProcessEnv;
}

/** The last lines of a log: what a person needs to see first when a part fails. */
export function tail(file: string, lines = 30): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

/** Runs a command to its end, its output in `cwd/exec.log`; throws with that log's tail when it fails. */
export async function exec(command: string, args: string[], { cwd, env }: ExecOptions): Promise<void> {
  const logFile = join(cwd, 'exec.log');
  const log = openSync(logFile, 'w');
  const child = spawn(...dieWithUs(command, args), {
    cwd,
    env: env ?? process.env,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const status = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? String(code)));
  });
  if (status !== '0')
    throw new Error(`\`${command} ${args.join(' ')}\` ended with ${status}:\n${tail(logFile)}`);
}

const NETWORK =
  /timeout|timed out|connection re|\bEOF\b|\b(429|50[0234])\b|transfer(ring)? .*fail|could not transfer/i;
const TRIES = 3;
const PAUSE_MS = 5_000;

/** `exec`, again when it failed as downloads fail: what it had already fetched is kept by the tool's own cache. */
export async function execDownload(command: string, args: string[], options: ExecOptions): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await exec(command, args, options);
    } catch (error) {
      if (tried === TRIES || !NETWORK.test(String(error))) throw error;
      say(`${command} failed while downloading; once more`);
      await sleep(PAUSE_MS);
    }
  }
}

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { Tail, UntilToken } from './output.js';
import type { Qemu } from './qemu.js';
import type { GuestOptions, GuestResult } from './run.js';

/** Where a guest's output goes. They are written to and not ended. */
export interface Streams {
  stdout: Writable;
  stderr: Writable;
}

/** The guest did not come to the end of its script; the message has the end of its console. */
export class GuestError extends Error {
  override readonly name = 'GuestError';
}

interface Course {
  began: number;
  ready?: number;
  status?: number;
  failure?: string;
  timedOut?: boolean;
}

/** Carries a guest's output until its end, and ends QEMU in every case. */
export async function watchGuest(
  qemu: Qemu,
  token: Buffer,
  streams: Streams,
  options: GuestOptions,
): Promise<GuestResult> {
  const course: Course = { began: performance.now() };
  const tail = watchConsole(qemu, options.verbose ?? false);
  const gone = once(qemu.process, 'close');
  const kill = () => qemu.process.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill);
  const timer = setTimeout(() => kill() && (course.timedOut = true), options.timeoutMs ?? 600_000);
  const carried = [carry(qemu.stdout, token, streams.stdout), carry(qemu.stderr, token, streams.stderr)];
  const told = readStatus(qemu, course);
  try {
    await Promise.race([gone, Promise.all([told, ...carried])]);
  } finally {
    kill();
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
  }
  await Promise.all([gone, ...carried]);
  options.signal?.throwIfAborted();
  return conclude(course, tail);
}

function conclude(course: Course, tail: Tail): GuestResult {
  const durationMs = Math.round(performance.now() - course.began);
  const timedOut = course.timedOut ?? false;
  const status = timedOut ? 124 : course.status;
  if (status === undefined) throw new GuestError(`${course.failure ?? whatEnded(course)}\n${tail.lines()}`);
  const bootMs = Math.round((course.ready ?? performance.now()) - course.began);
  return { status, timedOut, bootMs, durationMs };
}

function whatEnded(course: Course): string {
  const when = course.ready === undefined ? 'before its script began' : 'while its script ran';
  return `the guest ended ${when}; the end of its console:`;
}

/** The guest says `ready`, then `exit N`, or at any time `fail REASON`. */
async function readStatus(qemu: Qemu, course: Course): Promise<void> {
  let text = '';
  for await (const chunk of qemu.status) {
    text += String(chunk);
    if (course.ready === undefined && text.startsWith('ready\n')) course.ready = performance.now();
    const [, word, rest] = /^(exit|fail) (.*)\n/m.exec(text) ?? [];
    if (word === 'exit') course.status = Number(rest);
    if (word === 'fail') course.failure = rest ?? '';
    if (word !== undefined) return;
  }
}

async function carry(from: NodeJS.ReadableStream, token: Buffer, to: Writable): Promise<void> {
  const until = new UntilToken(token);
  from.on('error', () => until.end());
  from.pipe(until);
  until.pipe(to, { end: false });
  await once(until, 'end');
}

function watchConsole(qemu: Qemu, verbose: boolean): Tail {
  const tail = new Tail();
  qemu.console.on('data', (chunk: Buffer) => {
    tail.add(chunk);
    if (verbose) process.stderr.write(chunk);
  });
  return tail;
}

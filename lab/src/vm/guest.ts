import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { BootError, EmulatorError, GUEST_TIMEOUT_MS, GuestError } from './options.js';
import type { GuestOptions, GuestResult, Streams } from './options.js';
import { Tail, UntilToken } from './output.js';
import type { Qemu } from './qemu.js';

interface Course {
  began: number;
  ready?: number;
  status?: number;
  failure?: string;
  timedOut?: boolean;
}

interface WatchOptions extends GuestOptions {
  onReady: () => void;
}

/** Carries a guest's output until its end, and ends QEMU in every case. */
export async function watchGuest(
  qemu: Qemu,
  token: Buffer,
  streams: Streams,
  options: WatchOptions,
): Promise<GuestResult> {
  const course: Course = { began: performance.now() };
  const limitMs = options.timeoutMs ?? GUEST_TIMEOUT_MS;
  const tail = watchConsole(qemu, options.verbose ?? false);
  const gone = once(qemu.process, 'close');
  const kill = () => qemu.process.kill('SIGKILL');
  const timer = setTimeout(() => {
    course.timedOut = true;
    kill();
  }, limitMs);
  options.signal?.addEventListener('abort', kill);
  const carried = [carry(qemu.stdout, token, streams.stdout), carry(qemu.stderr, token, streams.stderr)];
  try {
    await Promise.race([gone, Promise.all([readStatus(qemu, course, options, kill), ...carried])]);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
    kill();
  }
  await Promise.all([gone, ...carried]);
  options.signal?.throwIfAborted();
  if (course.timedOut) streams.stderr.write(whatHung(limitMs, tail));
  return conclude(course, tail);
}

function conclude(course: Course, tail: Tail): GuestResult {
  const now = performance.now();
  const timedOut = course.timedOut ?? false;
  const status = timedOut ? 124 : course.status;
  if (status === undefined) {
    const Reason = reasonOf(course, tail);
    throw new Reason(`${course.failure ?? whatEnded(course)}\n${tail.lines()}`);
  }
  const since = (time: number) => Math.round(time - course.began);
  return { status, timedOut, bootMs: since(course.ready ?? now), durationMs: since(now) };
}

function reasonOf(course: Course, tail: Tail) {
  if (course.failure !== undefined) return GuestError;
  if (course.ready === undefined) return BootError;
  return tail.staleJumpLabel ? EmulatorError : GuestError;
}

const whatHung = (limitMs: number, tail: Tail) =>
  `the guest was ended after ${limitMs / 1000} s; the end of its console:\n${tail.lines() || '(nothing)'}\n`;

function whatEnded(course: Course): string {
  const when = course.ready === undefined ? 'before its script began' : 'while its script ran';
  return `the guest ended ${when}; the end of its console:`;
}

/** The guest says `ready`, then `exit N`; or, when it cannot be made ready, `fail REASON`. */
async function readStatus(
  qemu: Qemu,
  course: Course,
  options: WatchOptions,
  kill: () => void,
): Promise<void> {
  let text = '';
  for await (const chunk of qemu.status) {
    text += String(chunk);
    if (course.ready === undefined && text.startsWith('ready\n')) {
      course.ready = performance.now();
      options.onReady();
    }
    const [, word, rest] = /^(exit|fail) (.*)\n/m.exec(text) ?? [];
    if (word === 'exit') course.status = Number(rest);
    if (word === 'fail') course.failure = `the guest cannot start: ${rest}`;
    if (word === 'fail') kill();
    if (word !== undefined) return;
  }
}

async function carry(from: Readable, token: Buffer, to: Writable): Promise<void> {
  const until = new UntilToken(token);
  // The port of a QEMU that was killed may end in a reset.
  from.on('error', () => until.end());
  from.pipe(until);
  until.pipe(to, { end: false });
  // Nobody reads any more: what is left goes nowhere, and the guest's end is still seen.
  to.once('error', () => until.resume());
  await once(until, 'end');
}

function watchConsole(qemu: Qemu, verbose: boolean): Tail {
  const tail = new Tail();
  for (const stream of qemu.console)
    stream.on('data', (chunk: Buffer) => {
      tail.add(chunk);
      if (verbose) process.stderr.write(chunk);
    });
  return tail;
}

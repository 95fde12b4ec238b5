/** Flights whose return is lost, which no test can make a kernel do: its own program drives the shipped header. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { compile, compileBpf, scratch, withoutKernel } from './support.js';

const [PRUNE, REMOUNT, UMOUNT] = [0, 1, 2] as const;
const [PRESSURE, DIRECT, DROP_CACHES] = [0, 1, 2] as const;
/** What a step is: the program's numbers. */
const enter = (scope: number, kind: number, stack: number) => [0, scope, kind, stack];
const leave = (scope: number, stack: number) => [1, scope, 0, stack];
const kill = (scope: number) => [2, scope, 0, 0];
const end = (scope: number) => [3, scope, 0, 0];

interface Came {
  readonly left: boolean;
  readonly freed: number;
  readonly books: { readonly entered: number; readonly left: number; readonly inFlight: number };
  readonly running: number;
}

const skipped = withoutKernel();
const dir = skipped ? '' : scratch();
const command = skipped ? [] : [compile(dir, 'flight.c'), compileBpf(dir, 'flight.bpf.c')];

function steps(...all: number[][]): Came[] {
  const [file, ...args] = [...command, ...all.flat().map(String)];
  const lines = execFileSync(file!, args, { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [left, freed, entered, wasLeft, inFlight, running] = JSON.parse(line) as number[];
    return {
      ...{ left: left === 1, freed: freed!, running: running! },
      books: { entered: entered!, left: wasLeft!, inFlight: inFlight! },
    };
  });
}

it.skipIf(skipped)('what is inside an umount is its own', () => {
  const came = steps(
    enter(UMOUNT, PRESSURE, 9000),
    kill(UMOUNT),
    ...[enter(PRUNE, DIRECT, 5000), kill(PRUNE), leave(PRUNE, 5000)],
    leave(UMOUNT, 9008),
  );
  expect(came[4]).toMatchObject({ left: false, books: { entered: 0, left: 0, inFlight: 0 } });
  expect(came[5]).toEqual({
    ...{ left: true, freed: 2, running: 0 },
    books: { entered: 1, left: 1, inFlight: 0 },
  });
});

it.skipIf(skipped)('so is reclaim inside dropping caches, which asks for memory', () => {
  const came = steps(
    enter(PRUNE, DROP_CACHES, 9000),
    ...[enter(PRUNE, DIRECT, 5000), kill(PRUNE), leave(PRUNE, 5000)],
    leave(PRUNE, 9000),
  );
  expect(came.map(({ left }) => left)).toEqual([false, false, false, false, true]);
  expect(came[4]).toMatchObject({ freed: 1, books: { entered: 1, left: 1, inFlight: 0 }, running: 0 });
});

it.skipIf(skipped).each([
  ['deeper', 5000],
  ['a little deeper', 8960],
  ['as deep', 9000],
  ['less deep', 9500],
])('a reclaim that lost its return does not swallow the next, %s', (_, stack) => {
  const came = steps(
    ...[enter(PRUNE, DIRECT, 9000), kill(PRUNE), kill(PRUNE)],
    ...[enter(PRUNE, DIRECT, stack), kill(PRUNE), leave(PRUNE, stack)],
  );
  expect(came.at(-1)).toEqual({
    ...{ left: true, freed: 1, running: 0 },
    books: { entered: 2, left: 1, inFlight: 0 },
  });
});

it.skipIf(skipped).each([
  [UMOUNT, REMOUNT],
  [REMOUNT, UMOUNT],
  [PRUNE, UMOUNT],
])('nor does one of scope %i swallow one of scope %i that can not be inside it', (lost, next) => {
  const came = steps(enter(lost, DIRECT, 9000), enter(next, DIRECT, 5000), kill(next), leave(next, 5000));
  expect(came.at(-1)).toMatchObject({ left: true, freed: 1, running: 0 });
});

it.skipIf(skipped).each([
  ['deeper', 8992],
  ['less deep', 9100],
])('a return that is not its own ends no flight: %s', (_, stack) => {
  const came = steps(enter(PRUNE, DIRECT, 9000), leave(PRUNE, stack), leave(PRUNE, 9008));
  expect(came.map(({ left }) => left)).toEqual([false, false, true]);
});

it.skipIf(skipped)('a task that ends takes its flight along; nobody reclaims then', () => {
  const [, ended] = steps(enter(PRUNE, DIRECT, 9000), end(PRUNE));
  expect(ended).toMatchObject({ running: 0, books: { entered: 1, left: 0, inFlight: 0 } });
});

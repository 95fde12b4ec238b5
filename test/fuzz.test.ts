/** Mutated messages through the ingester, some of a million (docs/reliability.md), and the fuzzer's own faults. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'dentryscope-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Figures {
  readonly index: number;
  readonly finding?: string;
  readonly result?: {
    readonly sent: number;
    readonly accepted: number;
    readonly deadLettered: number;
    readonly byMutation: Record<string, { accepted: number; deadLettered: number }>;
    readonly grown?: string;
  };
}

function fuzz(...flags: string[]): Figures & { readonly status: number | null; readonly stdout: string } {
  const json = join(folder, 'figures.json');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'fuzz/main.mjs'), '--json', json, ...flags],
    { cwd: root, encoding: 'utf8' },
  );
  if (!existsSync(json)) throw new Error(stderr);
  return { ...(JSON.parse(readFileSync(json, 'utf8')) as Figures), status, stdout };
}

describe('npm run fuzz', () => {
  it('20,000 mutated messages are accepted or dead-lettered, each as the wire format has it', () => {
    const { status, stdout, result } = fuzz('--messages', '20000', '--seed', '7');
    expect(stdout).toMatch(/PASS\n$/);
    expect(status).toBe(0);
    expect(result!.sent).toBe(20_000);
    expect(result!.accepted + result!.deadLettered).toBe(20_000);
    // Neither way is idle, and what was not touched is good.
    expect(result!.accepted).toBeGreaterThan(2000);
    expect(result!.deadLettered).toBeGreaterThan(2000);
    expect(result!.byMutation['intact']!.accepted).toBeGreaterThan(100);
    expect(result!.byMutation['intact']!.deadLettered).toBe(0);
  });

  it('the same seed gives the same messages', () => {
    const [one, two] = [fuzz('--messages', '500'), fuzz('--messages', '500')];
    expect(one.result!.byMutation).toEqual(two.result!.byMutation);
    expect(fuzz('--messages', '500', '--seed', '2').result!.byMutation).not.toEqual(one.result!.byMutation);
  });

  const found: [fault: string, index: number, finding: RegExp][] = [
    ['swallow', 777, /1 message sent, 0 accepted and 0 dead-lettered/],
    ['twice', 777, /1 message sent, 2 accepted|and 2 dead-lettered/],
    ['throw', 777, /the handler threw: RangeError: a fault on purpose/],
    ['hang', 777, /takes longer than 1 s/],
    ['never', 777, /the handler never resolves/],
    ['accept', 0, /accepted, but it is no good: cluster is empty/],
    ['alter', 0, /the dead letter has other bytes/],
  ];
  it.each(found)('finds a handler with the fault %s', (fault, index, finding) => {
    const told = fuzz('--messages', '1000', '--bound', '1', '--fault', fault);
    expect(told.finding).toMatch(finding);
    expect(told.index).toBe(index);
    expect(told.status).toBe(1);
    const file = /bytes in (\S+)/.exec(told.stdout)![1]!;
    expect(told.stdout).toContain(`npm run fuzz -- --seed 1 --only ${index}`);
    expect(readFileSync(join(root, file)).length).toBe(index === 0 ? 0 : bytesTold(told.stdout));
  });

  it('finds a handler that keeps what it was given', () => {
    const told = fuzz('--messages', '2000', '--fault', 'leak');
    expect(told.stdout).toMatch(/FAILED {2}memory grew from the first tenth to the end: heap by 1\d\.\d MiB/);
    expect(told.status).toBe(1);
  });

  it('a wrong flag is named', () => {
    const run = (...flags: string[]) =>
      spawnSync(process.execPath, [join(root, 'fuzz/main.mjs'), ...flags], { cwd: root, encoding: 'utf8' });
    expect(run('--messages', 'many').stderr).toMatch(/--messages wants a whole number from 1/);
    expect(run('--fault', 'none').stderr).toMatch(/--fault knows swallow, /);
    expect(run('--help').stdout).toMatch(/--only INDEX/);
  });
});

const bytesTold = (stdout: string) => Number(/(\d+) bytes in/.exec(stdout)![1]);

/** The benchmark of the wire runs, and its two ways say the same; how large its figures are is not asked here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { requirePart } from '@dentryscope/lab';

const root = join(import.meta.dirname, '..');
const main = join(root, 'bench/main.mjs');
const folder = mkdtempSync(join(tmpdir(), 'dentryscope-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Wire {
  readonly rows: number;
  readonly bytesPerRow: Record<string, number>;
  readonly nsPerRow: Record<string, { readonly rounds: number; readonly median: number }>;
  readonly pass: Record<string, boolean>;
}

interface Influx {
  readonly points: number;
  readonly usPerPoint: Record<string, { readonly rounds: number; readonly median: number }>;
}

interface Ingest {
  readonly points: number;
  readonly perSecond: Record<string, { readonly rounds: number; readonly median: number }>;
}

describe('npm run bench', () => {
  it('measures the wire beside JSON', () => {
    const json = join(folder, 'figures.json');
    const flags = ['--only', 'wire', '--rounds', '2', '--nodes', '3', '--cgroups', '20', '--windows', '2'];
    const stdout = execFileSync(process.execPath, [main, ...flags, '--no-page', '--json', json], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^(PASS|FALLS SHORT) {2}a row takes [\d.]+ bytes, [\d.]+ times fewer/);
    const { wire } = JSON.parse(readFileSync(json, 'utf8')) as { wire: Wire };
    expect(wire.rows).toBeGreaterThan(20);
    const ways = ['json', 'columns', 'whole', 'jsonGzip', 'columnsGzip', 'wholeGzip'];
    expect(Object.keys(wire.bytesPerRow).sort()).toEqual([...ways].sort());
    for (const way of [...ways, 'protobufEs']) {
      expect(wire.nsPerRow[way]!.rounds, way).toBe(2);
      expect(wire.nsPerRow[way]!.median, way).toBeGreaterThan(0);
    }
    for (const way of ways) expect(wire.bytesPerRow[way], way).toBeGreaterThan(1);
    // Bytes are no matter of the machine: at ten times fewer this is the goal itself.
    expect(wire.bytesPerRow['columns']! * 10).toBeLessThan(wire.bytesPerRow['json']!);
    expect(wire.pass['fewerBytes']).toBe(true);
    const left = readdirSync(join(root, '.cache')).filter((name) => /^bench-\d+$/.test(name));
    expect(left).toEqual([]);
  });

  it.skipIf(requirePart('influx'))('measures the InfluxDB writer beside the client’s own way', () => {
    const json = join(folder, 'influx.json');
    const flags = ['--only', 'influx', '--rounds', '2', '--nodes', '3', '--cgroups', '20', '--windows', '2'];
    const stdout = execFileSync(process.execPath, [main, ...flags, '--no-page', '--json', json], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^(PASS|FALLS SHORT) {2}a point takes [\d.]+ µs to decode and write/m);
    const { influx } = JSON.parse(readFileSync(json, 'utf8')) as { influx: Pick<Wire, 'pass'> & Influx };
    expect(influx.points).toBeGreaterThan(20);
    for (const way of ['ours', 'plain']) expect(influx.usPerPoint[way]).toMatchObject({ rounds: 2 });
  });

  const missing = requirePart('influx', 'kafka');
  it.skipIf(missing)('measures the way from Kafka into InfluxDB beside a loader of ready-made lines', () => {
    const json = join(folder, 'ingest.json');
    const flags = ['--only', 'ingest', '--rounds', '2', '--nodes', '3', '--cgroups', '20', '--windows', '2'];
    const stdout = execFileSync(process.execPath, [main, ...flags, '--no-page', '--json', json], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^(PASS|FALLS SHORT) {2}[\d,]+ points\/s from Kafka into InfluxDB on one core/m);
    const { ingest } = JSON.parse(readFileSync(json, 'utf8')) as { ingest: Ingest };
    expect(ingest.points).toBeGreaterThan(100);
    for (const way of ['ours', 'loader']) expect(ingest.perSecond[way]).toMatchObject({ rounds: 2 });
  });

  it('a wrong flag is named', () => {
    const run = (...flags: string[]) =>
      spawnSync(process.execPath, [main, ...flags], { cwd: root, encoding: 'utf8' });
    expect(run('--only', 'moon').stderr).toContain(
      'bench: --only knows wire, influx, ingest, embedded, memory, not "moon"',
    );
    expect(run('--rounds', '0').stderr).toContain('--rounds wants a number from 1');
    expect(run('--help').stdout).toContain('docs/performance.md');
  });
});

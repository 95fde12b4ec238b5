import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getPart, partAvailable, requirePart, type PartSpec } from '@dentryscope/lab';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** A machine without any tool and with an empty cache. */
let bare: string;
beforeEach(() => {
  bare = mkdtempSync(join(tmpdir(), 'lab-bare-test-'));
  vi.stubEnv('DENTRYSCOPE_LAB_CACHE', bare);
  vi.stubEnv('PATH', bare);
  vi.stubEnv('CI', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(bare, { recursive: true, force: true });
});

describe('a part that cannot be had', () => {
  it.each([
    ['kafka', ['java', 'openssl', 'mvn', 'flock']],
    ['influx', ['openssl', 'go', 'gcc', 'rustc', 'cargo', 'clang', 'pkg-config', 'flock']],
    ['kube', ['etcd', 'go', 'flock']],
  ] as [PartSpec, string[]][])('%s names each missing tool and the way out', (spec, tools) => {
    const { available, cached, missing } = partAvailable(spec);
    expect({ available, cached }).toEqual({ available: false, cached: false });
    expect(missing.map((line) => line.split(' ')[0])).toEqual(tools);
    for (const line of missing) expect(line).toMatch(/: (apt-get install|install) \S+/);
  });

  it('is a reason to skip', () => {
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(requirePart('kafka')).toMatch(/^real part kafka is missing: java is not on the PATH/);
    expect(printed).toHaveBeenCalledWith(expect.stringMatching(/^skipped: real part kafka is missing/));
    printed.mockRestore();
  });

  it('is a failure with CI=true', () => {
    vi.stubEnv('CI', 'true');
    expect(() => requirePart('kube')).toThrow('real part kube is missing: etcd is not on the PATH');
  });

  it('cannot be got, and that is said before anything is done', async () => {
    await expect(getPart('kafka@4.1.1')).rejects.toThrow('cannot have kafka 4.1.1 here');
  });

  it('is told apart from one that does not exist', () => {
    expect(() => partAvailable('kafka@0.1')).toThrow('choose from 3.9.1, 4.1.1');
    expect(() => partAvailable('redis' as PartSpec)).toThrow('choose from kafka, influx, kube, vm');
  });
});

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pressureDelta, readNode } from '../src/collectors/node.js';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const scratch = mkdtempSync(join(tmpdir(), 'dentryscope-collectors-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('a recorded procfs', () => {
  it('of Linux 6.18 gives every figure', () => {
    const { state, pressure, failures } = readNode(fixture('proc-6.18'), '6.18.44');
    expect(failures).toEqual([]);
    expect({ ...state, slabCaches: undefined }).toEqual({
      nrDentry: 293239n,
      nrUnused: 291370n,
      nrNegative: 42360n,
      memTotalBytes: 24684096n * 1024n,
      memAvailableBytes: 23608920n * 1024n,
      slabReclaimableBytes: expect.any(BigInt) as bigint,
      slabUnreclaimableBytes: expect.any(BigInt) as bigint,
      vfsCachePressure: 100,
    });
    expect(state.slabCaches?.map(({ name }) => name)).toContain('ext4_inode_cache');
    expect(state.slabCaches?.map(({ name }) => name)).not.toContain('task_struct');
    expect(state.slabCaches?.map(({ name }) => name)).not.toContain('squashfs_inode_cache'); // empty
    expect(pressure).toEqual({
      psiCpuSomeNs: 612289663000n,
      psiMemorySomeNs: 0n,
      psiMemoryFullNs: 0n,
      psiIoSomeNs: 24264531000n,
      psiIoFullNs: 11951998000n,
    });
  });

  it('of Linux 4.19, without PSI, slabinfo and negatives, leaves those absent: not 0', () => {
    const { state, pressure, failures } = readNode(fixture('proc-4.19'), '4.19.0-27-amd64');
    expect(failures).toEqual([]);
    expect(state.nrDentry).toBe(81208n);
    expect(state).not.toHaveProperty('nrNegative');
    expect(state.slabCaches).toEqual([]);
    expect(pressure).toEqual({});
  });

  it('with files of an unknown form names the failures and keeps the rest', () => {
    mkdirSync(join(scratch, 'sys/fs'), { recursive: true });
    writeFileSync(join(scratch, 'sys/fs/dentry-state'), 'nonsense\n');
    writeFileSync(join(scratch, 'slabinfo'), 'slabinfo - version: 9.9\n');
    writeFileSync(join(scratch, 'meminfo'), 'MemTotal: 1 kB\n');
    const { state, failures } = readNode(scratch, '6.1.0');
    expect(state).toMatchObject({ memTotalBytes: 1024n });
    expect(state).not.toHaveProperty('nrDentry');
    expect(failures).toEqual([
      expect.stringMatching(/^dentry-state can't be read: .*unknown form/),
      expect.stringMatching(/^slabinfo can't be read: .*unknown version/),
    ]);
  });
});

it('dentry-state of this machine is read as it is', () => {
  const { state } = readNode('/proc', '6.1');
  expect(state.nrDentry).toBeGreaterThan(state.nrUnused!);
});

it('pressure counts from the window before; a total that went back is absent', () => {
  expect(
    pressureDelta(
      { psiIoFullNs: 5n, psiIoSomeNs: 9n },
      { psiIoFullNs: 8n, psiIoSomeNs: 2n, psiCpuSomeNs: 1n },
    ),
  ).toEqual({ psiIoFullNs: 3n });
});

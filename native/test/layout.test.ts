/** What crosses from the kernel lies where both sides think: the programs' own type information against the addon's. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cgroupMetrics } from '@dentryscope/contracts';
import { DentryProbe, counters } from '@dentryscope/native';
import { withoutKernel } from './support.js';

interface Layout {
  size: number;
  offsets: Record<string, number>;
}

interface BtfStruct {
  kind: string;
  name: string;
  size: number;
  members: { name: string; bits_offset: number }[];
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const addon = createRequire(import.meta.url)(at('../build/Release/dentryscope.node')) as {
  layouts(): Record<string, Layout>;
};

/** The structs called ds_… of an object file. */
function structsOf(object: string): Map<string, Layout> {
  const args = ['-j', 'btf', 'dump', 'file', at(`../../bpf/build/${object}`)];
  const { types } = JSON.parse(execFileSync('bpftool', args, { encoding: 'utf8' })) as { types: BtfStruct[] };
  const ours = types.filter(({ kind, name }) => kind === 'STRUCT' && name.startsWith('ds_'));
  return new Map(
    ours.map(({ name, size, members }) => [
      name,
      { size, offsets: Object.fromEntries(members.map((member) => [member.name, member.bits_offset / 8])) },
    ]),
  );
}

describe('every struct of an object file', () => {
  const objects = readdirSync(at('../../bpf')).filter((name) =>
    /^(dentry|cgroup_life|reclaim)_.*\.bpf\.c$/.test(name),
  );
  it.each(objects.map((name) => name.replace('.bpf.c', '.bpf.o')))('%s', (object) => {
    const structs = structsOf(object);
    expect(structs.size).toBeGreaterThan(0);
    for (const [name, layout] of structs) expect(addon.layouts()[name], name).toEqual(layout);
  });
});

describe.skipIf(withoutKernel())('counters', () => {
  it('have the same names in C++, TypeScript and on the wire', () => {
    const probe = DentryProbe.open();
    const { columns, overflow } = probe.drain();
    probe.close();
    expect(Object.keys(columns)).toEqual([...counters]);
    expect(Object.keys(overflow)).toEqual([...counters]);
    expect(cgroupMetrics.map(({ column }) => column)).toEqual(expect.arrayContaining([...counters]));
  });
});

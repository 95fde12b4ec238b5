/** Numbers that the loader puts into instructions: bpf/include/constant.h. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hookReport } from '@dentryscope/native';
import { scratch, withoutKernel } from './support.js';

const built = fileURLToPath(new URL('../../bpf/build', import.meta.url));

/** Of `r = DS_MARKS + 1 ll`: the offset, the lower half; its first two bytes are the number of the mark. */
const ofLong = Buffer.from([0x00, 0x00, 1, 0x00, 0x23, 0x20]);
/** Of `r ^= DS_WORD_MARKS + 1`: the offset and the number. */
const ofWord = Buffer.from([0x00, 0x00, 1, 0x6b, 0x72, 0x6d]);

describe.skipIf(withoutKernel())('a mark', () => {
  const folder = scratch();
  const object = 'dentry_tracepoint.bpf.o';
  cpSync(built, folder, { recursive: true });

  it.each([
    ['64', ofLong],
    ['32', ofWord],
  ])('of %s bits that stands for no number the loader knows is refused, never a number', (_, mark) => {
    const bytes = readFileSync(join(built, object));
    let found = 0;
    for (let at = 0; (at = bytes.indexOf(mark, at)) >= 0; at += 1, found += 1) bytes[at + 2] = 0x77;
    expect(found).toBe(2); // of alloc_kmem and of free_kmem
    writeFileSync(join(folder, object), bytes);
    const reports = hookReport({ bpfDir: folder, backends: ['tracepoint'] });
    for (const [hook, program] of [
      ['dentry_alloc', 'alloc_kmem'],
      ['dentry_free', 'free_kmem'],
    ])
      expect(reports.find((report) => report.hook === hook)).toMatchObject({
        backend: null,
        tried: [{ backend: 'tracepoint', error: `a constant of ${program} was not set` }],
      });
  });
});

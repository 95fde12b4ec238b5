import { expect, test } from 'vitest';
import { StoreError } from '@dentryscope/store';
import type { Current } from './conformance.js';
import { cap, info, nodes, series, top, total, window } from './fixtures.js';

/** Names that have a meaning in line protocol, Flux, SQL or CSV. Control characters are refused by checkBatch. */
const odd = [
  'a b',
  'a,b',
  'a=b',
  'a\\',
  '\\',
  'a\\,b',
  '\\ x',
  'a\\nb',
  'a"b',
  '"',
  "a'b",
  "'; DROP TABLE figures; --",
  '${r.node}',
  '") |> drop()//',
  '%2C%5C%',
  'ünïcode-名前-😀',
  '#comment',
  ' lead and trail ',
  'a|b',
  '-0',
  'e\u0301',
];
/** Paths and names may hold anything at all. */
const odder = [...odd, 'line\nfeed', 'carriage\r\nreturn', 'tab\tbed', 'x'.repeat(4000)];

export function oddConform(store: Current): void {
  test.each(odd)('cluster, node and boot %j', async (text) => {
    const { writer, reader } = store();
    const place = { cluster: text, node: text, bootId: text };
    await writer.write([
      window({ ...place, figures: { 7: 5n }, state: { nrDentry: 9n } }),
      window({ figures: { 7: 1n } }),
    ]);
    const { rows } = await top(reader, 'cgroup');
    expect(rows[0]).toEqual({ owner: { ...place, cgroupId: '7' }, value: 5n });
    expect(rows).toHaveLength(2);
    expect(await total(reader, { filter: { cluster: text, node: text } })).toBe(5n);
    expect(await series(reader, { filter: { node: text } })).toEqual([[0, 5n]]);
    const [record] = await nodes(reader, { cluster: text, node: text });
    expect(record!.newest).toMatchObject(place);
  });

  test('paths, ids and names', async () => {
    const { writer, reader } = store();
    const ids = odder.map((_, n) => BigInt(n + 1));
    await writer.write([
      window({
        figures: Object.fromEntries(ids.map((id) => [id, id])),
        cgroupInfos: odder.map((text, n) => info(ids[n]!, `/${text}`, `uid ${text}`, `cid ${text}`)),
      }),
    ]);
    await writer.writeNames(
      odder.map((text) => ({
        podUid: `uid ${text}`,
        containerId: `cid ${text}`,
        namespace: text,
        pod: text,
        container: text,
        workload: text,
      })),
    );
    const { rows } = await top(reader, 'cgroup');
    const found = new Map(rows.map(({ owner }) => [owner.cgroupId, owner]));
    odder.forEach((text, n) => {
      const names = { namespace: text, pod: text, container: text, workload: text };
      expect(found.get(String(ids[n]))).toMatchObject({ ...names, path: `/${text}` });
    });
    for (const [n, text] of odder.entries()) {
      expect([text, await total(reader, { filter: { namespace: text } })]).toEqual([text, ids[n]]);
      expect([text, await total(reader, { filter: { cgroup: `/${text}` } })]).toEqual([text, ids[n]]);
    }
  });

  test('a figure that no 64-bit integer holds is refused, for good, by name; the store goes on', async () => {
    const { writer, reader } = store();
    const wrong = window({ state: { nrDentry: 2n ** 63n }, figures: { 7: 1n } });
    const error = await writer.write([wrong]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('nrDentry') });
    await writer.write([window({ figures: { 7: 2n ** 53n, '18446744073709551615': 1n } })]);
    expect(await total(reader)).toBe(2n ** 53n + 1n);
  });

  test('closed: every call says so', async () => {
    const { writer, reader, close } = store();
    await close();
    await close();
    await expect(writer.write([window({ figures: { 7: 1n } })])).rejects.toThrow(/closed/);
    await expect(writer.writeNames([])).rejects.toThrow(/closed/);
    await expect(reader.ping()).rejects.toThrow(/closed/);
    await expect(reader.nodes({ sinceMs: 0, growthOverMs: 1 }, cap())).rejects.toThrow(StoreError);
  });
}

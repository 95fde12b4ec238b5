import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectKubernetes } from '@dentryscope/identity';
import { afterAll, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'dentryscope-detect-'));
const file = join(scratch, 'config');
const other = join(scratch, 'other');
const gone = join(scratch, 'gone');
for (const path of [file, other]) writeFileSync(path, '');
afterAll(() => rmSync(scratch, { recursive: true }));

test('the setting comes before KUBECONFIG, of which the first file that exists counts', () => {
  const env = { KUBECONFIG: `${gone}:${other}` };
  expect(detectKubernetes({ kubernetes: 'auto', kubeconfig: file }, env)).toEqual({
    source: { kind: 'file', path: file },
    reason: `DENTRYSCOPE_KUBECONFIG=${file}`,
  });
  expect(detectKubernetes({ kubernetes: 'auto', kubeconfig: undefined }, env).source).toEqual({
    kind: 'file',
    path: other,
  });
});

test('off is off', () => {
  expect(detectKubernetes({ kubernetes: 'off', kubeconfig: file }, {})).toEqual({
    source: undefined,
    reason: 'DENTRYSCOPE_KUBERNETES=off',
  });
});

test('nothing found: auto goes on without, on does not; ~/.kube/config is not looked at', () => {
  const none = { kubernetes: 'auto', kubeconfig: undefined } as const;
  const reason = 'no cluster was found: DENTRYSCOPE_KUBECONFIG is not set, this is no pod';
  expect(detectKubernetes(none, { HOME: scratch })).toEqual({ source: undefined, reason });
  expect(detectKubernetes(none, { KUBECONFIG: gone }).reason).toBe(
    `${reason}, the files of KUBECONFIG are not there`,
  );
  expect(() => detectKubernetes({ ...none, kubernetes: 'on' }, {})).toThrow(
    `DENTRYSCOPE_KUBERNETES=on, but ${reason}`,
  );
});

test('a file that was named and is not there is an error, not a guess', () => {
  expect(() => detectKubernetes({ kubernetes: 'auto', kubeconfig: gone }, {})).toThrow(
    `DENTRYSCOPE_KUBECONFIG=${gone}: there is no such file`,
  );
});

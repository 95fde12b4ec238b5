/** What is looked at: in the address after #, so that it can be sent to a colleague and survives a reload. */
import { useEffect, useState } from 'preact/hooks';

export const ranges = ['5m', '15m', '1h', '6h'] as const;
export type RangeName = (typeof ranges)[number];

export interface Selection {
  readonly range: RangeName;
  readonly node?: { readonly cluster: string; readonly node: string };
}

export function parseHash(hash: string): Selection {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const range = ranges.find((name) => name === given.get('range')) ?? '15m';
  const [cluster, node] = [given.get('cluster'), given.get('node')];
  return cluster && node ? { range, node: { cluster, node } } : { range };
}

export function toHash({ range, node }: Selection): string {
  return `#${new URLSearchParams({ range, ...node })}`;
}

export function useSelection(): [Selection, (selection: Selection) => void] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = () => setHash(location.hash);
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return [parseHash(hash), (selection) => (location.hash = toHash(selection))];
}

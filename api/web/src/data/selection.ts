/** What is looked at: in the address after #, so that it can be sent to a colleague and survives a reload. */
import { useEffect, useState } from 'preact/hooks';

export const ranges = ['5m', '15m', '1h', '6h'] as const;
export type RangeName = (typeof ranges)[number];

/** Whose dentries the table of cgroups counts: those made in the range, or those that live at its end. */
export const topKinds = ['makes', 'holds'] as const;
export type TopKind = (typeof topKinds)[number];

export interface Selection {
  readonly range: RangeName;
  readonly top: TopKind;
  readonly node?: { readonly cluster: string; readonly node: string };
}

export function parseHash(hash: string): Selection {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const range = ranges.find((name) => name === given.get('range')) ?? '15m';
  const top = topKinds.find((name) => name === given.get('top')) ?? 'makes';
  const [cluster, node] = [given.get('cluster'), given.get('node')];
  return cluster && node ? { range, top, node: { cluster, node } } : { range, top };
}

export function toHash({ range, top, node }: Selection): string {
  return `#${new URLSearchParams({ range, ...(top === 'makes' ? {} : { top }), ...node })}`;
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

import type { Place } from '../infos.js';
import { nameOfTag } from './line.js';

/** The tags that every figure has, in the order that `placeOf` takes them in. */
export const placeTags = ['cluster', 'node', 'boot'] as const;

export function placeOf([cluster, node, boot]: readonly string[]): Place {
  return { cluster: nameOfTag(cluster!), node: nameOfTag(node!), bootId: nameOfTag(boot!) };
}

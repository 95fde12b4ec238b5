/** Message number `index` of a seed. */
import { mutateBytes } from './bytes.mjs';
import { mutateField } from './fields.mjs';
import { Random } from './random.mjs';
import { serialise } from './wire.mjs';

/** Every fourth message is cut: at each place of each valid message in turn, the largest last. */
const CUT_EVERY = 4;
const INTACT = 0.02;

function cut(bases, turn) {
  const ordered = [...bases].sort((a, b) => a.bytes.length - b.bytes.length);
  const places = ordered.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let left = turn % places;
  for (const { bytes } of ordered) {
    if (left < bytes.length) return bytes.slice(0, left);
    left -= bytes.length;
  }
  throw new Error('unreachable: the places are counted above');
}

/** How many messages it takes until every valid one was cut at every place. */
export const untilAllCut = (bases) => CUT_EVERY * bases.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** @returns {{bytes: Uint8Array, mutations: string[]}} */
export function messageAt(bases, seed, index) {
  if (index % CUT_EVERY === 0)
    return { bytes: cut(bases, index / CUT_EVERY), mutations: ['cut at every place'] };
  const random = new Random(seed, index);
  const base = random.pick(bases);
  if (random.chance(INTACT)) return { bytes: base.bytes, mutations: [] };
  let { bytes } = base;
  const mutations = [];
  const apply = ([name, changed]) => {
    mutations.push(name);
    bytes = changed;
  };
  if (random.chance(0.7)) {
    const target = random.pick(base.nodes);
    const [name, instead] = mutateField(random, target, random.pick(random.pick(bases).nodes));
    apply([`${name} in field ${target.no}`, serialise(base.tree, target, instead)]);
  }
  const more = mutations.length === 0 ? 1 : random.chance(0.3) ? 1 : 0;
  for (let n = more * random.size(1, 4); n > 0; n--) apply(mutateBytes(random, bytes));
  return { bytes, mutations };
}

/** What every store must hold to. `open` gives an empty one, and is called anew for every test. */
import { afterEach, beforeEach, describe } from 'vitest';
import type { Reader, Writer } from '@dentryscope/store';
import { figuresConform } from './conform-figures.js';
import { gapsConform } from './conform-gaps.js';
import { holdersConform } from './conform-holders.js';
import { namesConform } from './conform-names.js';
import { nodesConform } from './conform-nodes.js';
import { oddConform } from './conform-odd.js';

export interface OpenStore {
  writer: Writer;
  reader: Reader;
  close(): Promise<void>;
}

/** The store of the test that runs. */
export type Current = () => OpenStore;

export function conformance(name: string, open: () => Promise<OpenStore>): void {
  describe(name, () => {
    let store: OpenStore;
    const current = () => store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store?.close());

    describe('figures', () => figuresConform(current));
    describe('holders', () => holdersConform(current));
    describe('names', () => namesConform(current));
    describe('nodes', () => nodesConform(current));
    describe('gaps', () => gapsConform(current));
    describe('odd input', () => oddConform(current));
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openEmbeddedStore } from '@dentryscope/store';
import { conformance } from './conformance.js';

const root = mkdtempSync(join(tmpdir(), 'dentryscope-store-'));
let count = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

conformance('embedded', () => openEmbeddedStore({ directory: join(root, String(count++)) }));

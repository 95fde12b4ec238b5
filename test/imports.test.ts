import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The table of CONTRIBUTING.md: what each folder may import of ours. */
const mayImport: Record<string, readonly string[]> = {
  'lib/contracts': [],
  'lib/runtime': ['contracts'],
  'lib/transport': ['contracts'],
  'lib/identity': ['contracts'],
  'lib/gzip': [],
  'lib/store': ['contracts', 'gzip'],
  native: [],
  agent: ['native', 'contracts', 'runtime', 'transport', 'identity'],
  ingester: ['contracts', 'runtime', 'transport', 'identity', 'store'],
  api: ['contracts', 'runtime', 'store'],
  'api/web': ['contracts'],
  simulator: ['contracts', 'transport'],
  cli: [
    ...['native', 'contracts', 'runtime', 'transport', 'identity', 'gzip', 'store'],
    ...['agent', 'ingester', 'api', 'simulator'],
  ],
  lab: [],
};

const root = dirname(import.meta.dirname);

function importsOf(folder: string): { file: string; specifier: string }[] {
  const files = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, 'src', file));
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const statements = text.matchAll(
      /^(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
    );
    return [...statements].map(([, fixed, dynamic]) => ({ file, specifier: (fixed ?? dynamic)! }));
  });
}

describe.each(Object.entries(mayImport))('%s', (folder, allowed) => {
  const imports = importsOf(folder);

  it('has sources', () => expect(imports.length).toBeGreaterThan(0));

  it('imports only what the table allows', () => {
    const ours = imports.filter(({ specifier }) => specifier.startsWith('@dentryscope/'));
    const wrong = ours.filter(
      ({ specifier }) => !allowed.includes(specifier.slice('@dentryscope/'.length).split('/')[0]!),
    );
    expect(wrong).toEqual([]);
  });

  it('stays inside its own folder with relative imports', () => {
    const outside = imports.filter(({ file, specifier }) => {
      return specifier.startsWith('.') && !join(dirname(file), specifier).startsWith(`${folder}/src`);
    });
    expect(outside).toEqual([]);
  });

  it('declares what it imports', () => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const packages = imports
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^(\.|node:)/.test(specifier))
      .map((specifier) =>
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    expect([...new Set(packages)].filter((name) => !declared.includes(name))).toEqual([]);
  });
});

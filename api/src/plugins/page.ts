/** The page at /, as api/web was built. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { SetHeadersResponse } from '@fastify/static';
import { Problem } from '@dentryscope/contracts';
import type { App } from '../context.js';

const dist = fileURLToPath(new URL('../../web/dist/', import.meta.url));

/** Names under assets/ hold a hash of what is in them; index.html says which are of today. */
function setCaching(response: SetHeadersResponse, path: string): void {
  const forever = path.includes('/assets/');
  response.setHeader('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
}

export async function addPage(app: App): Promise<void> {
  if (!existsSync(`${dist}index.html`)) {
    app.get('/', { schema: { hide: true } }, async () => {
      throw new Problem(
        'not_found',
        'The page is not built: npm run build -w @dentryscope/web. The API is at /docs.',
      );
    });
    return;
  }
  await app.register(fastifyStatic, {
    root: dist,
    wildcard: false, // one route a file: everything else is our 404
    cacheControl: false,
    setHeaders: setCaching,
  });
}

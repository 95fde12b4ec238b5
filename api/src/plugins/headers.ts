/** What browsers are told. Everything comes from this server: a cluster's network often has no way out. */
import type { App } from '../context.js';

const csp = (...more: string[]) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...more,
  ].join('; ');

const PAGE = csp("style-src 'self'");
// Swagger UI writes style attributes.
const DOCS = csp("style-src 'self' 'unsafe-inline'", "font-src 'self' data:");

export function addHeaders(app: App): void {
  app.addHook('onSend', async (request, reply) => {
    void reply.headers({
      'content-security-policy': request.url.startsWith('/docs') ? DOCS : PAGE,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });
}

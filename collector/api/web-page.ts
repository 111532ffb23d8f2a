import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

/** Everything the page needs is from here: no other host, no code in texts, no frame around it. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** On all answers; one that needs another policy sets its own. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Cache-Control': 'no-store',
  });
  next();
};

/** The page of `directory`: `assets/`, whose names change with their content, and `index.html` for every other address of it. */
export function webPage(directory: string): Router {
  const router = Router();
  const assets = express.static(join(directory, 'assets'), {
    immutable: true,
    maxAge: '1y',
    index: false,
    redirect: false,
  });
  router.use('/assets', (request, response, next) => {
    response.removeHeader('Cache-Control');
    assets(request, response, next);
  });
  router.get(/^\/(?!assets\/|api\/|v1\/)[^.]*$/, (_request, response, next) => {
    response.set('Cache-Control', 'no-cache');
    response.sendFile('index.html', { root: directory, cacheControl: false }, (error?: Error) => {
      if (error !== undefined && !response.headersSent) next();
    });
  });
  return router;
}

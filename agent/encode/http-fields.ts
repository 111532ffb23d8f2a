import type { HttpAccess } from '../file-input/http-access.ts';

/** What Filebeat calls ingress-nginx' access log, which dashboards ask for. */
export const HTTP_DATASET = 'nginx.ingress_controller';
/** A log names the client's address without its port. */
const NO_PORT = 0;

/** ECS' fields of a request, as JSON.stringify takes them. https://www.elastic.co/docs/reference/ecs/ecs-http */
export function httpFields(
  access: HttpAccess,
): Readonly<Record<'http' | 'url' | 'user_agent' | 'client', object | undefined>> {
  const { method, requestBytes, requestId, status, responseBytes, path, domain, query, userAgent, clientIp } = access;
  return {
    http: {
      request: { method: wellFormed(method), bytes: requestBytes, id: wellFormed(requestId) },
      response: status === undefined ? undefined : { status_code: status, bytes: responseBytes },
    },
    url:
      path === undefined ? undefined : { path: wellFormed(path), domain: wellFormed(domain), query: wellFormed(query) },
    user_agent: userAgent === undefined ? undefined : { original: wellFormed(userAgent) },
    client: clientIp === undefined ? undefined : { ip: clientIp, port: NO_PORT },
  };
}

/** Not every reader takes a lone surrogate. */
function wellFormed(text: string | undefined): string | undefined {
  return text?.toWellFormed();
}

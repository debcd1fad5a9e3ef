/** The client under test, with short waits and a recorded log. */

import { fixedAuthorizer } from '../../pipe/http/authorizer.ts';
import { createHttp, type Http, type HttpOptions } from '../../pipe/http/send.ts';
import type { SizedBody } from '../../pipe/io/body.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';

export interface TestClient extends Http, AsyncDisposable {
  /** Everything logged, as `level: message`. */
  readonly lines: readonly string[];
}

export function testClient(options: Partial<HttpOptions> = {}): TestClient {
  const lines: string[] = [];
  const http = createHttp({
    authorizer: fixedAuthorizer([]),
    userAgent: 'test/1',
    timeoutMs: 5_000,
    policy: { retries: 3, baseMs: 2, capMs: 4, maxWaitMs: 60_000 },
    proxies: { none: '' },
    secrets: createSecrets([]),
    log: {
      debug: (message) => lines.push(`debug: ${message}`),
      warning: (message) => lines.push(`warning: ${message}`),
      isDebug: true,
    },
    ...options,
  });
  return { ...http, lines, [Symbol.asyncDispose]: () => http.close() };
}

/** A body in chunks of 1 MiB that counts how often it is opened. */
export interface CountedBody extends SizedBody {
  opened: number;
}

export function patternBody(length: number, chunkBytes = 1024 * 1024): CountedBody {
  const repeated = Buffer.from(Array.from({ length: 1021 }, (_, index) => index % 256));
  const content = Buffer.alloc(length, repeated);
  return {
    length,
    opened: 0,
    async *open() {
      this.opened++;
      for (let start = 0; start < length; start += chunkBytes) yield content.subarray(start, start + chunkBytes);
    },
  };
}

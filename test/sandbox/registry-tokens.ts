/** The short-lived tokens of the token server, with their permissions and lifetimes. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

export type PackageAction = 'pull' | 'push';

/** By the repository's name. */
export type PackageScopes = ReadonlyMap<string, ReadonlySet<PackageAction>>;

export interface RegistryToken {
  /** As they were written. */
  readonly scopes: readonly string[];
  readonly requested: PackageScopes;
  readonly granted: PackageScopes;
}

export class RegistryTokens {
  /** Every token, expired or not. */
  readonly issued: string[] = [];
  readonly #tokens = new Map<string, RegistryToken & { readonly expiresAt: number }>();

  create(token: RegistryToken, seconds: number): string {
    const parts = [27, 480, 64].map((bytes) => randomBytes(bytes).toString('base64url'));
    const text = `ey${parts.join('.')}`;
    this.issued.push(text);
    this.#tokens.set(text, { ...token, expiresAt: performance.now() + seconds * 1000 });
    return text;
  }

  /** Undefined once it has expired. */
  find(text: string): RegistryToken | undefined {
    const token = this.#tokens.get(text);
    return token !== undefined && token.expiresAt > performance.now() ? token : undefined;
  }

  expireAll(): void {
    this.#tokens.clear();
  }
}

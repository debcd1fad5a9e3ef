/** What can go wrong on request: the kinds of fault, which requests each applies to, and how many of them. */
import { performance } from 'node:perf_hooks';
import {
  arrayOf,
  checkFields,
  isBoolean,
  isCount,
  isCountOrEndless,
  isPositive,
  isRecord,
  isRegularExpression,
  isStatus,
  isString,
  oneOf,
  optional,
  type Check,
} from './check-fields.ts';
import { locationForms, type LocationForm } from './registry-options.ts';
import { registrySteps, type RegistryStep } from './registry-steps.ts';

const serverNames = ['api', 'content', 'proxy', 'web', 'registry', 'auth', 'blobs', 'npm', 'maven'] as const;

/** `auth` gives out the registry's tokens; `blobs` is where its uploads and redirects may lead. */
export type ServerName = (typeof serverNames)[number];

export interface FaultMatch {
  readonly server?: ServerName;
  readonly method?: string;
  /** Part of the path with its query, or the source of a regular expression that matches it. */
  readonly path?: string;
  /** For uploads: the name of a part's file. Decided once that part's header has been read. */
  readonly filename?: string;
  /** For the registry: what the request is for, on whichever of its servers. */
  readonly step?: RegistryStep;
  /** Its Content-Length exceeds that; a chunked body never matches. */
  readonly longerThan?: number;
  /** So many matching requests pass first. */
  readonly skip?: number;
  /** Default 1, with `forMs` any number. -1, as JSON has no Infinity, means always. */
  readonly times?: number;
  /** For so long from the first request on that it applies to. */
  readonly forMs?: number;
}

export type FaultAction =
  /**
   * `early` answers before the body is read, then closes; `late`, the default, reads and drops the whole body first.
   * Nothing is stored. Without `body`, the body is what Bitbucket, or a registry, says with that status; a registry's 401
   * has no challenge then: `expire-token` has.
   */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly when?: 'early' | 'late';
    }
  /** RST once at least so many bytes of the body have been read; default 0. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** Everything is done as asked, then RST in place of the answer: the client cannot know. */
  | { readonly kind: 'reset-after-store' }
  /** FIN without an answer. */
  | { readonly kind: 'close'; readonly afterBytes?: number }
  /** Stops reading, never answers. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** Everything is done as asked, but the answer never comes. */
  | { readonly kind: 'stall-answer' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** 201, or 202 to a PATCH, before the body is complete; nothing is stored; the connection is closed. */
  | { readonly kind: 'early-success' }
  /** Reads slowly, but to the end. The kernel still takes a few MB at once into its own buffers. */
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** The answer ends after so many bytes, although its Content-Length said more. */
  | { readonly kind: 'truncate-content'; readonly bytes: number }
  /** Content arrives as other bytes of the same length. Where blobs redirect, that of a blob is the server `blobs`'. */
  | { readonly kind: 'corrupt-content' }
  /**
   * 201, but what was stored lacks its last byte (or has one, where there was none). In a registry, which compares
   * digests, the upload's commit then fails.
   */
  | { readonly kind: 'store-corrupt' }
  /** The usual status with a body that claims to be JSON and is not. */
  | { readonly kind: 'malformed-json' }
  /** An answer of so many bytes without a Content-Length; -1: it never ends. */
  | { readonly kind: 'huge-body'; readonly status: number; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  /** Everything is done as asked, but the success has another status, and may be a web page. */
  | { readonly kind: 'other-status'; readonly status: number; readonly page?: string }
  /** The answer lacks these. */
  | { readonly kind: 'omit-headers'; readonly names: readonly string[] }
  /** The connection ends with the answer. */
  | { readonly kind: 'connection-close' }
  /** A 200 with other content than its headers are about. */
  | { readonly kind: 'replace-content'; readonly content: string }
  /** The answer to HEAD claims one byte more. */
  | { readonly kind: 'wrong-size' }
  /** Docker-Content-Digest is that of something else. */
  | { readonly kind: 'wrong-digest' }
  /**
   * All of the registry's tokens are void from now on, this request's included: 401 with a fresh challenge. `early`, the
   * default, as to any void token; `late` once the body has been read.
   */
  | { readonly kind: 'expire-token'; readonly when?: 'early' | 'late' }
  /** The upload's Location in this answer has that form. */
  | { readonly kind: 'location'; readonly form: LocationForm }
  /** So many bytes of a blob's data become part of the upload, then RST. */
  | { readonly kind: 'reset-keeping-data'; readonly bytes: number }
  /**
   * A manifest is refused for lack of what it refers to, by position among its config and layers, or an index's
   * manifests; default the last. With `drop` the repository really loses it.
   */
  | { readonly kind: 'blob-unknown'; readonly drop: boolean; readonly positions?: readonly number[] };

export interface Fault extends FaultMatch {
  readonly action: FaultAction;
}

export interface FaultTarget {
  readonly server: ServerName;
  readonly method: string;
  readonly path: string;
  readonly steps: readonly RegistryStep[];
  /** Undefined where the body is chunked. */
  readonly contentLength: number | undefined;
  readonly filename?: string;
  /**
   * A registry takes twice: what preempts, at once; the rest `authorized`, so that no such fault is spent on the 401 that
   * every conversation begins with.
   */
  readonly phase: 'only' | 'arrived' | 'authorized';
}

interface Pending {
  readonly fault: Fault;
  skip: number;
  times: number;
  /** By performance.now(); set once it has been applied. */
  until: number;
}

/** The faults still to come, in the order in which they were injected; the first that matches is taken. */
export class FaultList {
  readonly #pending: Pending[] = [];

  /** Throws a TypeError that names the problem where the fault makes no sense. */
  inject(fault: Fault): void {
    const checked = parseFault(fault);
    const times = checked.times ?? (checked.forMs === undefined ? 1 : -1);
    this.#pending.push({
      fault: checked,
      skip: checked.skip ?? 0,
      times: times === -1 ? Infinity : times,
      until: Infinity,
    });
  }

  /** Faults with a `filename` match only targets with one, and the other way round. */
  take(target: FaultTarget): FaultAction | undefined {
    const now = performance.now();
    for (const pending of this.#pending) {
      if (pending.times <= 0 || pending.until <= now || !matches(pending.fault, target)) continue;
      if (pending.skip > 0) {
        pending.skip -= 1;
        continue;
      }
      pending.times -= 1;
      if (pending.until === Infinity) pending.until = now + (pending.fault.forMs ?? Infinity);
      return pending.fault.action;
    }
    return undefined;
  }

  clear(): void {
    this.#pending.length = 0;
  }
}

/** The actions that take the place of what the server would do, rather than changing how it does it. */
export type PreemptingAction = Extract<
  FaultAction,
  { readonly kind: 'status' | 'redirect' | 'huge-body' | 'early-success' | 'reset' | 'close' | 'stall' }
>;

export function preempts(action: FaultAction): action is PreemptingAction {
  return ['status', 'redirect', 'huge-body', 'early-success', 'reset', 'close', 'stall'].includes(action.kind);
}

function matches(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.server === undefined || fault.server === target.server) &&
    (fault.method === undefined || fault.method.toUpperCase() === target.method) &&
    (fault.path === undefined || target.path.includes(fault.path) || new RegExp(fault.path).test(target.path)) &&
    fault.filename === target.filename &&
    (fault.step === undefined || target.steps.includes(fault.step)) &&
    (fault.longerThan === undefined || (target.contentLength ?? 0) > fault.longerThan) &&
    (target.phase === 'only' || preempts(fault.action) === (target.phase === 'arrived')) &&
    canHarm[fault.action.kind]?.(target) !== false
  );
}

const isFor =
  (...steps: readonly RegistryStep[]) =>
  (target: FaultTarget): boolean =>
    steps.some((step) => target.steps.includes(step));

const hasBody = (target: FaultTarget): boolean =>
  target.steps.length > 0 ? isFor('data', 'manifest-put')(target) : ['POST', 'PUT'].includes(target.method);
const hasContent = (target: FaultTarget): boolean =>
  target.server === 'content' ||
  (target.server === 'maven' && target.method === 'GET') ||
  isFor('blob-get', 'manifest-get')(target);

/** A fault waits for a request that it can harm: corrupt content, say, lets the redirect before it pass. */
const canHarm: Readonly<Partial<Record<FaultAction['kind'], (target: FaultTarget) => boolean>>> = {
  'early-success': hasBody,
  'store-corrupt': (target) => hasBody(target) && !isFor('manifest-put')(target),
  trickle: hasBody,
  'reset-after-store': ({ method }) => method !== 'GET' && method !== 'HEAD',
  'corrupt-content': hasContent,
  'replace-content': hasContent,
  'truncate-content': ({ method }) => method === 'GET',
  'wrong-size': ({ method }) => method === 'HEAD',
  'wrong-digest': isFor('blob-head', 'blob-get', 'commit', 'manifest-head', 'manifest-get', 'manifest-put'),
  'expire-token': ({ server, steps }) => server === 'registry' && !steps.includes('token'),
  location: ({ method, steps }) => steps.includes('start') || (steps.includes('data') && method === 'PATCH'),
  'reset-keeping-data': isFor('data'),
  'blob-unknown': isFor('manifest-put'),
};

const matchFields: Readonly<Record<string, Check>> = {
  server: optional(oneOf(...serverNames)),
  method: optional(isString),
  path: optional(isRegularExpression),
  filename: optional(isString),
  step: optional(oneOf(...registrySteps)),
  longerThan: optional(isCount),
  skip: optional(isCount),
  times: optional(isCountOrEndless),
  forMs: optional(isPositive),
  action: isRecord,
};

const actionFields: Readonly<Record<FaultAction['kind'], Readonly<Record<string, Check>>>> = {
  status: {
    status: isStatus,
    headers: optional((value) => isRecord(value) && Object.values(value).every(isString)),
    body: optional(isString),
    when: optional(oneOf('early', 'late')),
  },
  reset: { afterBytes: optional(isCount) },
  'reset-after-store': {},
  close: { afterBytes: optional(isCount) },
  stall: { afterBytes: optional(isCount) },
  'stall-answer': {},
  delay: { ms: isCount },
  'early-success': {},
  trickle: { bytesPerSecond: isPositive },
  'truncate-content': { bytes: isCount },
  'corrupt-content': {},
  'store-corrupt': {},
  'malformed-json': {},
  'huge-body': { status: isStatus, bytes: isCountOrEndless },
  redirect: { status: isStatus, location: isString },
  'other-status': { status: isStatus, page: optional(isString) },
  'omit-headers': { names: arrayOf(isString) },
  'connection-close': {},
  'replace-content': { content: isString },
  'wrong-size': {},
  'wrong-digest': {},
  'expire-token': { when: optional(oneOf('early', 'late')) },
  location: { form: oneOf(...locationForms) },
  'reset-keeping-data': { bytes: isCount },
  'blob-unknown': { drop: isBoolean, positions: optional(arrayOf(isCount)) },
};

/** From JSON. Throws a TypeError that names what is unknown or wrong: a fault that never happens proves nothing. */
export function parseFault(value: unknown): Fault {
  checkFault(value);
  return value;
}

function checkFault(value: unknown): asserts value is Fault {
  checkFields('fault', value, matchFields);
  const { action } = value;
  const kind = isRecord(action) ? action['kind'] : undefined;
  if (!isKind(kind)) throw new TypeError(`fault: unknown kind ${JSON.stringify(kind)}`);
  checkFields(`fault ${kind}`, action, { kind: isString, ...actionFields[kind] });
}

function isKind(value: unknown): value is FaultAction['kind'] {
  return typeof value === 'string' && Object.hasOwn(actionFields, value);
}

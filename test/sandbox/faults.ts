/** Faults on demand: their kinds, and which and how many requests each applies to. */
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

const serverNames = [
  'api',
  'content',
  'proxy',
  'web',
  'registry',
  'auth',
  'blobs',
  'npm',
  'maven',
  'octopus',
  'pypi',
] as const;

/** `auth` issues the registry's tokens; its uploads and redirects may lead to `blobs`. */
export type ServerName = (typeof serverNames)[number];

export interface FaultMatch {
  readonly server?: ServerName;
  readonly method?: string;
  /** Part of the path with its query, or the source of a regular expression that matches it. */
  readonly path?: string;
  /** For uploads: the name of a part's file. Matched when that part's header has been read. */
  readonly filename?: string;
  /** For the registry: the step that the request belongs to, on any of its servers. */
  readonly step?: RegistryStep;
  /** Matches a larger Content-Length; a chunked body never matches. */
  readonly longerThan?: number;
  /** This many matching requests pass first. */
  readonly skip?: number;
  /** How many requests it applies to. Default 1, or any number with `forMs`. -1 means always, since JSON has no Infinity. */
  readonly times?: number;
  /** How long it applies, from the first matching request. */
  readonly forMs?: number;
}

export type FaultAction =
  /**
   * `early` answers before the body is read, then closes; `late`, the default, reads and drops the whole body first.
   * Nothing is stored. Without `body`, the body is that of Bitbucket or a registry for this status; a registry's 401
   * then has no challenge; use `expire-token` for that.
   */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly when?: 'early' | 'late';
    }
  /** RST once at least this many bytes of the body have been read; default 0. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** The request is carried out, then RST instead of the answer: the client cannot know. */
  | { readonly kind: 'reset-after-store' }
  /** FIN without an answer. */
  | { readonly kind: 'close'; readonly afterBytes?: number }
  /** Stops reading, never answers. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** The request is carried out, but the answer never comes. */
  | { readonly kind: 'stall-answer' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** 201, or 202 to a PATCH, before the body is complete; nothing is stored; the connection is closed. */
  | { readonly kind: 'early-success' }
  /** Reads slowly, but to the end. The kernel still buffers a few MB at once. */
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** The answer ends after this many bytes, short of its Content-Length. */
  | { readonly kind: 'truncate-content'; readonly bytes: number }
  /** Content arrives as other bytes of the same length. If blobs redirect, it applies to the server `blobs`. */
  | { readonly kind: 'corrupt-content' }
  /**
   * 201, but the stored content lacks its last byte (or has one byte if it was empty). In a registry, which compares
   * digests, the upload's commit then fails.
   */
  | { readonly kind: 'store-corrupt' }
  /** The usual status with a body that is declared as JSON but is not valid. */
  | { readonly kind: 'malformed-json' }
  /** An answer of this many bytes without a Content-Length; -1: it never ends. */
  | { readonly kind: 'huge-body'; readonly status: number; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  /** The request is carried out, but the answer has another status, and may be a web page. */
  | { readonly kind: 'other-status'; readonly status: number; readonly page?: string }
  /** The answer lacks these headers. */
  | { readonly kind: 'omit-headers'; readonly names: readonly string[] }
  /** The connection is closed after the answer. */
  | { readonly kind: 'connection-close' }
  /** A 200 with content that does not match its headers. */
  | { readonly kind: 'replace-content'; readonly content: string }
  /** The answer to HEAD claims one byte too many. */
  | { readonly kind: 'wrong-size' }
  /** Docker-Content-Digest is wrong. */
  | { readonly kind: 'wrong-digest' }
  /**
   * All of the registry's tokens become invalid, including this request's: 401 with a new challenge. `early`, the
   * default, answers as for any invalid token; `late` answers once the body has been read.
   */
  | { readonly kind: 'expire-token'; readonly when?: 'early' | 'late' }
  /** The upload's Location in this answer has this form. */
  | { readonly kind: 'location'; readonly form: LocationForm }
  /** This many bytes of a blob's data become part of the upload, then RST. */
  | { readonly kind: 'reset-keeping-data'; readonly bytes: number }
  /**
   * A manifest is refused because content that it refers to is missing, by position among its config and layers, or an index's
   * manifests; default the last. With `drop`, the repository really loses it.
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
  /** Undefined if the body is chunked. */
  readonly contentLength: number | undefined;
  readonly filename?: string;
  /**
   * A registry takes faults twice: those that preempt, at once; the others `authorized`, so that none is spent on the 401 that
   * begins every conversation.
   */
  readonly phase: 'only' | 'arrived' | 'authorized';
}

interface Pending {
  readonly fault: Fault;
  skip: number;
  times: number;
  /** By performance.now(); set when it first applies. */
  until: number;
}

/** The pending faults, in the order in which they were injected; the first that matches is taken. */
export class FaultList {
  readonly #pending: Pending[] = [];

  /** @throws TypeError that names the problem if the fault is not valid */
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

  /** Faults with a `filename` match only targets with one, and vice versa. */
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

/** The actions that replace the server's handling, rather than modify it. */
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

/** A fault waits for a request that it can affect: corrupt content, for example, lets the redirect before it pass. */
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

/** Checks a fault from JSON: a fault that never applies would prove nothing. @throws TypeError that names the problem */
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

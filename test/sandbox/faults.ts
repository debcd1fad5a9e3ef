/** What can go wrong on request: the kinds of fault, which requests each applies to, and how many of them. */

export type ServerName = 'api' | 'content' | 'proxy' | 'web';

export interface FaultMatch {
  readonly server?: ServerName;
  readonly method?: string;
  /** Part of the path with its query, or the source of a regular expression that matches it. */
  readonly path?: string;
  /** For uploads: the name of a part's file. Decided once that part's header has been read. */
  readonly filename?: string;
  /** So many matching requests pass first. */
  readonly skip?: number;
  /** Default 1. -1, as JSON has no Infinity, means always. */
  readonly times?: number;
}

export type FaultAction =
  /**
   * `early` answers before the body is read, then closes; `late`, the default, reads and drops the whole body first.
   * Nothing is stored. Without `body`, the body is what Bitbucket says with that status.
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
  /** 201 before the body is complete; nothing is stored; the connection is closed. */
  | { readonly kind: 'early-success' }
  /** Reads slowly, but to the end. The kernel still takes a few MB at once into its own buffers. */
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** The answer ends after so many bytes, although its Content-Length said more. */
  | { readonly kind: 'truncate-content'; readonly bytes: number }
  /** The content server sends other bytes, of the same length. */
  | { readonly kind: 'corrupt-content' }
  /** 201, but what was stored lacks its last byte (or has one, where there was none). */
  | { readonly kind: 'store-corrupt' }
  /** The usual status with a body that claims to be JSON and is not. */
  | { readonly kind: 'malformed-json' }
  /** An answer of so many bytes without a Content-Length; -1: it never ends. */
  | { readonly kind: 'huge-body'; readonly status: number; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string };

export interface Fault extends FaultMatch {
  readonly action: FaultAction;
}

export interface FaultTarget {
  readonly server: ServerName;
  readonly method: string;
  readonly path: string;
  readonly filename?: string;
}

interface Pending {
  readonly fault: Fault;
  skip: number;
  times: number;
}

/** The faults still to come, in the order in which they were injected; the first that matches is taken. */
export class FaultList {
  readonly #pending: Pending[] = [];

  /** Throws a TypeError that names the problem where the fault makes no sense. */
  inject(fault: Fault): void {
    const checked = parseFault(fault);
    const times = checked.times ?? 1;
    this.#pending.push({ fault: checked, skip: checked.skip ?? 0, times: times === -1 ? Infinity : times });
  }

  /** Faults with a `filename` match only targets with one, and the other way round. */
  take(target: FaultTarget): FaultAction | undefined {
    for (const pending of this.#pending) {
      if (pending.times <= 0 || !matches(pending.fault, target)) continue;
      if (pending.skip > 0) {
        pending.skip -= 1;
        continue;
      }
      pending.times -= 1;
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
    canHarm[fault.action.kind]?.(target) !== false
  );
}

const hasBody = ({ method }: FaultTarget): boolean => method === 'POST' || method === 'PUT';

/** A fault waits for a request that it can harm: corrupt content, say, lets the redirect before it pass. */
const canHarm: Readonly<Partial<Record<FaultAction['kind'], (target: FaultTarget) => boolean>>> = {
  'early-success': hasBody,
  'store-corrupt': hasBody,
  trickle: hasBody,
  'reset-after-store': ({ method }) => method !== 'GET',
  'corrupt-content': ({ server }) => server === 'content',
  'truncate-content': ({ method }) => method === 'GET',
};

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => typeof value === 'number' && value >= 0;
const isCountOrEndless: Check = (value) => value === -1 || isCount(value);
const isPositive: Check = (value) => typeof value === 'number' && value > 0;
const isStatus: Check = (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const matchFields: Readonly<Record<string, Check>> = {
  server: optional((value) => ['api', 'content', 'proxy', 'web'].includes(String(value))),
  method: optional(isString),
  path: optional((value) => typeof value === 'string' && isRegularExpression(value)),
  filename: optional(isString),
  skip: optional(isCount),
  times: optional(isCountOrEndless),
  action: isRecord,
};

const actionFields: Readonly<Record<FaultAction['kind'], Readonly<Record<string, Check>>>> = {
  status: {
    status: isStatus,
    headers: optional((value) => isRecord(value) && Object.values(value).every(isString)),
    body: optional(isString),
    when: optional((value) => value === 'early' || value === 'late'),
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

function checkFields(
  what: string,
  value: unknown,
  fields: Readonly<Record<string, Check>>,
): asserts value is Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`${what}: not an object`);
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key)) throw new TypeError(`${what}: unknown field ${key}`);
  }
  for (const [key, check] of Object.entries(fields)) {
    if (!check(value[key])) throw new TypeError(`${what}: ${key} cannot be ${JSON.stringify(value[key])}`);
  }
}

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

/** Options for the behaviour of the container registry: registries differ where the specification allows it, and elsewhere. */
import {
  arrayOf,
  checkFields,
  isBoolean,
  isCount,
  isPositive,
  isRegularExpression,
  isString,
  oneOf,
  optional,
} from './check-fields.ts';

export const locationForms = ['absolute', 'scheme-less', 'path', 'relative', 'other-host'] as const;

/**
 * Of an upload's Location: `http://host/v2/…`, `//host/v2/…`, `/v2/…`, the last segment alone, or an absolute URL of the
 * server `blobs`, where the rest of the upload then takes place.
 */
export type LocationForm = (typeof locationForms)[number];

export interface RegistryOptions {
  /** Default 0: any. */
  readonly port?: number | undefined;
  /** The token server's port. Default 0: any. */
  readonly authPort?: number | undefined;
  /** The port of the server `blobs`. Default 0: any. */
  readonly blobsPort?: number | undefined;

  /** The packages that exist, with their workspace. Default: the sandbox's workspace and repository, `acme/app`. */
  readonly packages?: readonly string[] | undefined;
  /** A push to a package that does not exist creates it. Default false: NAME_UNKNOWN. */
  readonly createsPackages?: boolean | undefined;
  /** Names may have more than two segments. Default false. */
  readonly nestedNames?: boolean | undefined;

  /** `none` requires no credentials and ignores them. Default `bearer`. */
  readonly authentication?: 'bearer' | 'basic' | 'none' | undefined;
  /** What is allowed without credentials. Default `nothing`. */
  readonly anonymous?: 'nothing' | 'pull' | 'push' | undefined;
  /**
   * How a 401 offers Bearer: alone; alone in unusual spelling; after Negotiate and Basic in one header; in a separate
   * header after Basic's. Every scheme offered is accepted. Default `plain`.
   */
  readonly challenges?: 'plain' | 'odd' | 'joined' | 'separate' | undefined;
  /** The status of a challenge. Default 401. */
  readonly challengeStatus?: 401 | 403 | undefined;
  /** The refusal of a request without credentials, unless it is for `/v2/`: a status without a challenge. Default: none. */
  readonly strangerStatus?: 401 | 403 | 404 | undefined;
  /** A scope that a token needs besides its repository's, and that challenges name as well. Default: none. */
  readonly otherScope?: string | undefined;
  /** How long tokens live; fractions are fine. Default 300. */
  readonly tokenSeconds?: number | undefined;
  /** The field of the token in the token server's answer. Default `token`. */
  readonly tokenField?: 'token' | 'access_token' | 'both' | undefined;
  /** Whether the answer has `expires_in`: the lifetime, rounded up to whole seconds. Default true. */
  readonly tokenExpiry?: boolean | undefined;
  /** How far `issued_at` is in the past, as if the clocks differed. Default 0. */
  readonly tokenAgeSeconds?: number | undefined;
  /** Status for credentials without permission. Default 403. */
  readonly denialStatus?: 401 | 403 | undefined;

  /** GET of a blob answers 307 to the server `blobs`. Default false. */
  readonly blobRedirects?: boolean | undefined;
  /** A POST with a digest accepts the content and answers 201. Default false: 202, as without a digest. */
  readonly monolithicPost?: boolean | undefined;
  /** Mounting an existing blob answers 201. Default true; false: 202, as for any POST. */
  readonly mounts?: boolean | undefined;
  /** Default `absolute`. */
  readonly location?: LocationForm | undefined;
  /**
   * The state in an upload's Location: `odd` is a valid query that decoding and encoding again would change; `plain` one
   * that is unchanged by it; `none` puts the state into the path. Default `odd`.
   */
  readonly locationQuery?: 'none' | 'plain' | 'odd' | undefined;
  /** An upload's earlier Locations still work. Default false: 404 BLOB_UPLOAD_UNKNOWN. */
  readonly staleLocations?: boolean | undefined;
  /** The minimum for every PATCH except an upload's last; announced as OCI-Chunk-Min-Length. Default 0. */
  readonly minChunkBytes?: number | undefined;
  /** The maximum for every request with a blob's content; 413 beyond it. Default: none. */
  readonly maxChunkBytes?: number | undefined;
  /** The maximum for an upload. Default: any number. */
  readonly maxChunks?: number | undefined;
  /** A PATCH without Content-Range is refused. Default false. */
  readonly needsContentRange?: boolean | undefined;
  /** Default true; false: content without a Content-Length is refused with 411. */
  readonly chunkedEncoding?: boolean | undefined;

  /**
   * A blob that is sent by digest while another request sends it: `refused-in-flight` answers 409 as long as that lasts;
   * `unknown` and `exists` also refuse a blob that is stored, with 404 BLOB_UPLOAD_UNKNOWN or `existsStatus`. Each ends the
   * upload that it refuses. Default `accepted`.
   */
  readonly sameBlobs?: 'accepted' | 'refused-in-flight' | 'unknown' | 'exists' | undefined;
  /** Default 409. */
  readonly existsStatus?: 400 | 403 | 409 | undefined;

  /** Default true; false: OCI manifests and indexes are refused. */
  readonly acceptsOci?: boolean | undefined;
  /** Default true; false: OCI indexes are refused, whatever `acceptsOci` says. */
  readonly acceptsOciIndexes?: boolean | undefined;
  /** Whether it lists what refers to a manifest: the answer to such a manifest has OCI-Subject. Default false. */
  readonly referrers?: boolean | undefined;
  /** Whether a manifest that is put by its digest is stored under the tags of the query as well. Default false. */
  readonly tagLists?: boolean | undefined;
  /** A manifest whose subject is not there is refused, as GitLab does. Default false. */
  readonly needsSubjects?: boolean | undefined;
  /** Default 415. */
  readonly ociRefusalStatus?: 400 | 404 | 405 | 415 | 422 | undefined;
  /** Default `MANIFEST_INVALID`. */
  readonly ociRefusalCode?: string | undefined;
  /** Source of a regular expression for whole tags that cannot be overwritten; `.*`: all. Default: none. */
  readonly immutableTags?: string | undefined;
  /** Default 403 DENIED. */
  readonly immutableStatus?: 400 | 403 | 409 | 412 | undefined;
  /** Default `DENIED`. */
  readonly immutableCode?: string | undefined;
  /** Default: one that says immutable. */
  readonly immutableMessage?: string | undefined;
  /** Pushing the manifest that such a tag already points to is refused too. Default false. */
  readonly refusesSame?: boolean | undefined;
  /** How many reads of a tag still show what it pointed to before it was last moved; Infinity: all. Default 0. */
  readonly staleReads?: number | undefined;
  /** Status of MANIFEST_BLOB_UNKNOWN. Default 400, as registries answer; the specification's examples have 404. */
  readonly blobUnknownStatus?: 400 | 404 | undefined;
  /** How its detail names the digest: as a string, as an object with `digest`, or not at all. Default `string`. */
  readonly blobUnknownDetail?: 'string' | 'object' | 'none' | undefined;
  /** 413 beyond this. Default 4 MiB. */
  readonly maxManifestBytes?: number | undefined;
}

/** Without a default, these stay undefined. */
type Unset = 'strangerStatus' | 'otherScope' | 'immutableMessage';

export type RegistryBehaviour = {
  readonly [K in Exclude<keyof RegistryOptions, Unset>]-?: Exclude<RegistryOptions[K], undefined>;
} & Pick<RegistryOptions, Unset>;

const fields = {
  port: isCount,
  authPort: isCount,
  blobsPort: isCount,
  packages: arrayOf(isString),
  createsPackages: isBoolean,
  nestedNames: isBoolean,
  authentication: oneOf('bearer', 'basic', 'none'),
  anonymous: oneOf('nothing', 'pull', 'push'),
  challenges: oneOf('plain', 'odd', 'joined', 'separate'),
  challengeStatus: oneOf(401, 403),
  strangerStatus: oneOf(401, 403, 404),
  otherScope: isString,
  tokenSeconds: isPositive,
  tokenField: oneOf('token', 'access_token', 'both'),
  tokenExpiry: isBoolean,
  tokenAgeSeconds: isCount,
  denialStatus: oneOf(401, 403),
  blobRedirects: isBoolean,
  monolithicPost: isBoolean,
  mounts: isBoolean,
  location: oneOf(...locationForms),
  locationQuery: oneOf('none', 'plain', 'odd'),
  staleLocations: isBoolean,
  minChunkBytes: isCount,
  maxChunkBytes: isCount,
  maxChunks: isPositive,
  needsContentRange: isBoolean,
  chunkedEncoding: isBoolean,
  sameBlobs: oneOf('accepted', 'refused-in-flight', 'unknown', 'exists'),
  existsStatus: oneOf(400, 403, 409),
  acceptsOci: isBoolean,
  acceptsOciIndexes: isBoolean,
  referrers: isBoolean,
  tagLists: isBoolean,
  needsSubjects: isBoolean,
  ociRefusalStatus: oneOf(400, 404, 405, 415, 422),
  ociRefusalCode: isString,
  immutableTags: isRegularExpression,
  immutableStatus: oneOf(400, 403, 409, 412),
  immutableCode: isString,
  immutableMessage: isString,
  staleReads: isCount,
  refusesSame: isBoolean,
  blobUnknownStatus: oneOf(400, 404),
  blobUnknownDetail: oneOf('string', 'object', 'none'),
  maxManifestBytes: isPositive,
} satisfies Record<keyof RegistryOptions, unknown>;

const optionalFields = Object.fromEntries(Object.entries(fields).map(([name, check]) => [name, optional(check)]));

const defaults: RegistryBehaviour = {
  port: 0,
  authPort: 0,
  blobsPort: 0,
  packages: [],
  createsPackages: false,
  nestedNames: false,
  authentication: 'bearer',
  anonymous: 'nothing',
  challenges: 'plain',
  challengeStatus: 401,
  tokenSeconds: 300,
  tokenField: 'token',
  tokenExpiry: true,
  tokenAgeSeconds: 0,
  denialStatus: 403,
  blobRedirects: false,
  monolithicPost: false,
  mounts: true,
  location: 'absolute',
  locationQuery: 'odd',
  staleLocations: false,
  minChunkBytes: 0,
  maxChunkBytes: Infinity,
  maxChunks: Infinity,
  needsContentRange: false,
  chunkedEncoding: true,
  sameBlobs: 'accepted',
  existsStatus: 409,
  acceptsOci: true,
  acceptsOciIndexes: true,
  referrers: false,
  tagLists: false,
  needsSubjects: false,
  ociRefusalStatus: 415,
  ociRefusalCode: 'MANIFEST_INVALID',
  // Matches no tag.
  immutableTags: '$^',
  immutableStatus: 403,
  immutableCode: 'DENIED',
  staleReads: 0,
  refusesSame: false,
  blobUnknownStatus: 400,
  blobUnknownDetail: 'string',
  maxManifestBytes: 4 * 1024 * 1024,
};

/** Checks options from JSON. @throws TypeError that names the problem */
export function parseRegistryOptions(value: unknown): RegistryOptions {
  checkFields('registry', value, optionalFields);
  return value;
}

export function registryBehaviour(options: RegistryOptions, defaultPackage: string): RegistryBehaviour {
  const given = Object.entries(parseRegistryOptions(options)).filter(([, value]) => value !== undefined);
  return { ...defaults, packages: [defaultPackage], ...Object.fromEntries(given) };
}

/** The names of all fuzzers, for the tests, which do not load the fuzzers themselves. */

export const targetNames = [
  'variables',
  'globs',
  'references',
  'multipart',
  'challenges',
  'retry-after',
  'error-bodies',
  'tar',
  'zip',
  'packages',
  'image-documents',
  'packuments',
  'poms',
  'staged-directories',
  'metadata',
  'listings',
  'wheels',
  'sdists',
  'python-names',
  'project-pages',
  'signatures',
  'octopus-documents',
  'build-history',
  'package-names',
  'packing',
  'answers',
] as const;

export type TargetName = (typeof targetNames)[number];

/** The table of all fuzzers. */

import type { TargetName } from '../target-names.ts';
import type { OpenTarget } from '../target.ts';
import { answers, challenges, errorBodies, listings, metadata, packuments, retryAfter } from './answers.ts';
import { imageDocuments, packages, poms, stagedDirectories, tarArchives, zipArchives } from './files.ts';
import { buildHistory, octopusDocuments, packageNames, packing, signatures } from './octopus.ts';
import { projectPages, pythonNames, sdists, wheels } from './python.ts';
import { globs, imageReferences, multipart, variables } from './settings.ts';

export const targets: Readonly<Record<TargetName, OpenTarget>> = {
  variables,
  globs,
  multipart,
  references: imageReferences,
  challenges,
  'retry-after': retryAfter,
  'error-bodies': errorBodies,
  tar: tarArchives,
  zip: zipArchives,
  packages,
  'image-documents': imageDocuments,
  packuments,
  poms,
  'staged-directories': stagedDirectories,
  metadata,
  listings,
  wheels,
  sdists,
  'python-names': pythonNames,
  'project-pages': projectPages,
  signatures,
  'octopus-documents': octopusDocuments,
  'build-history': buildHistory,
  'package-names': packageNames,
  packing,
  answers,
};

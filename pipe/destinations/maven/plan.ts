/** Plans a publication to a Maven repository, before the first request. */

import type { Places } from '../../io/select-files.ts';
import { planArtifact } from './plan-artifact.ts';
import { planDirectories } from './plan-directories.ts';
import type { MavenPlan } from './planned.ts';
import { selectAll, type Selection } from './select-all.ts';

/**
 * Plans what FILENAME names: one artifact, or directories in repository layout.
 *
 * @throws InputError naming all problems with the files, or with the POMs
 */
export async function planPublication(settings: Selection, places: Places): Promise<MavenPlan> {
  const selected = await selectAll(settings, places);
  return 'directories' in selected
    ? await planDirectories(selected, places)
    : await planArtifact(selected, settings, places);
}

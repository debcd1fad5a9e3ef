/** Describes in words which images a run publishes, and from where. */

import { aroundName, maxInfoColumns, widthOf } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { formatCount } from '../../toolkit/units.ts';
import { namesLine, type PlanStyle } from '../plan-lines.ts';
import { taggedReference } from './report.ts';
import type { ImageSource } from './sources.ts';
import type { ImageTarget } from './targets.ts';

interface PlannedImage {
  readonly target: Pick<ImageTarget, 'reference' | 'tags'>;
  readonly source: Pick<ImageSource, 'description'>;
}

/** So many images are worth two lines each. */
const maxImages = 5;
/** A dry run is there to be read. */
const maxDryRunImages = 50;

/** Whether each of so many images gets lines of its own, and so do its layers and tags. */
export function areImagesListed(count: number, isDryRun: boolean): boolean {
  return count <= (isDryRun ? maxDryRunImages : maxImages);
}

/** The plan, line by line; of many images, only the first names. */
export function imagePlanLines(images: readonly PlannedImage[], { isDryRun, scrub }: PlanStyle): readonly string[] {
  if (areImagesListed(images.length, isDryRun))
    return images.flatMap(({ target, source }) => [
      ...targetLines(target, scrub),
      aroundName(['  from ', source.description, ''], maxInfoColumns, scrub),
    ]);
  const host = images[0]?.target.reference.host ?? '';
  const names = images.map(({ target: { reference } }) => `${reference.repository}:${reference.tag}`);
  return [
    aroundName([`Publishing ${formatCount(images.length, 'image')} to `, host, ''], maxInfoColumns, scrub),
    namesLine('  ', names, scrub),
  ];
}

/** Each tag in full if there is room for it. */
function targetLines(target: PlannedImage['target'], scrub: Scrub): readonly string[] {
  const [first = '', ...others] = target.tags;
  const line = `Publishing ${target.tags.map((tag) => taggedReference(target, tag)).join(', ')}`;
  if (widthOf(scrub(line)) <= maxInfoColumns) return [line];
  return [
    aroundName(['Publishing ', taggedReference(target, first), ''], maxInfoColumns, scrub),
    ...(others.length === 0 ? [] : [namesLine('  also as ', others, scrub)]),
  ];
}

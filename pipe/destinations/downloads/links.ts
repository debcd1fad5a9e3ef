/** The web addresses of a repository's downloads. */

import { isLoopback } from '../../http/loopback.ts';
import type { FileSettings } from './settings.ts';

type Target = Pick<FileSettings, 'apiUrl' | 'workspace' | 'repository'>;

/** The page that lists all downloads. A local stand-in for the API has no such page: then the API's own address. */
export function downloadsPage({ apiUrl, workspace, repository }: Target): string {
  const base = isLoopback(apiUrl) ? `${apiUrl.href.replace(/\/+$/, '')}/repositories` : 'https://bitbucket.org';
  return `${base}/${encodeURIComponent(workspace)}/${encodeURIComponent(repository)}/downloads/`;
}

/** The address of one download. */
export function downloadLink(target: Target, name: string): string {
  return downloadsPage(target) + encodeURIComponent(name);
}

/** Where a person finds a repository's downloads. */

import { isLoopback } from '../../http/loopback.ts';
import type { FileSettings } from './settings.ts';

type Target = Pick<FileSettings, 'apiUrl' | 'workspace' | 'repository'>;

/** The page of all downloads; where the API is a local stand-in, which has no pages, the API's own address. */
export function downloadsPage({ apiUrl, workspace, repository }: Target): string {
  const base = isLoopback(apiUrl) ? `${apiUrl.href.replace(/\/+$/, '')}/repositories` : 'https://bitbucket.org';
  return `${base}/${encodeURIComponent(workspace)}/${encodeURIComponent(repository)}/downloads/`;
}

/** One download. */
export function downloadLink(target: Target, name: string): string {
  return downloadsPage(target) + encodeURIComponent(name);
}

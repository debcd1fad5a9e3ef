/** TYPE npm from plan to conclusion. */

import type { NpmSettings } from './npm-settings.ts';
import type { Conclusion, RunTools } from './run-tools.ts';

export async function publishNpm(settings: NpmSettings, tools: RunTools): Promise<Conclusion> {
  return await Promise.reject(new Error(`${settings.type} ${tools.wantsResult}`));
}

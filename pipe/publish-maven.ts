/** TYPE maven from plan to conclusion. */

import type { MavenSettings } from './maven-settings.ts';
import type { Conclusion, RunTools } from './run-tools.ts';

export async function publishMaven(settings: MavenSettings, tools: RunTools): Promise<Conclusion> {
  return await Promise.reject(new Error(`${settings.type} ${tools.wantsResult}`));
}

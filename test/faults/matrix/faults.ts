/** The columns of the matrix: every way in which a server or the network may fail. */

import { connectionFaults } from './connection-faults.ts';
import { bodyFaults } from './body-faults.ts';
import type { Fault } from './fault.ts';
import { headFaults } from './head-faults.ts';
import { redirectFaults } from './redirect-faults.ts';
import { statusFaults } from './status-faults.ts';
import { transferFaults } from './transfer-faults.ts';

export const faults: readonly Fault[] = [
  ...connectionFaults,
  ...transferFaults,
  ...statusFaults,
  ...bodyFaults,
  ...headFaults,
  ...redirectFaults,
];

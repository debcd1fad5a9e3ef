/** Installs what the tests with Python need into a directory, which PYPI_TOOLS then names: `node install-pypi-tools.ts DIR`. */

import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { installPypiTools } from './pypi-tools.ts';

const directory = resolve(process.argv[2] ?? '.');
await mkdir(directory, { recursive: true });
await installPypiTools(directory, directory);

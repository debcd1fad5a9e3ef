import { octopus } from './matrix/octopus.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(octopus);

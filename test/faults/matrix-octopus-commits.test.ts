import { octopusCommits } from './matrix/octopus-commits.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(octopusCommits);

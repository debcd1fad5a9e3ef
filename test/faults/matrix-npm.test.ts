import { npm } from './matrix/npm.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(npm);

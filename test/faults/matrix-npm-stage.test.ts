import { npmStage } from './matrix/npm-stage.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(npmStage);

import { maven } from './matrix/maven.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(maven);

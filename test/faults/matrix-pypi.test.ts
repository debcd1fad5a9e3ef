import { pypi } from './matrix/pypi.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(pypi);

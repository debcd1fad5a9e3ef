import { file } from './matrix/file.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(file);

import { image } from './matrix/image.ts';
import { declareMatrix } from './matrix/matrix.ts';

declareMatrix(image);

import { testFaults } from './image-faults.ts';

// One file for each source, because test files run in parallel and most of these tests wait.
testFaults('OCI layout');

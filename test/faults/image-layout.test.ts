import { testFaults } from './image-faults.ts';

// A file for each source: files run side by side, and most of these tests wait.
testFaults('OCI layout');

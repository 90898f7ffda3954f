// A script of a face, for tests.

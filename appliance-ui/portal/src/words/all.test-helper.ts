/** The dictionaries of the pages outside the health pages, by name, for the tests that read every word. */
import { homeWords } from './home.ts';
import { keyWords } from './key.ts';
import { kitWords } from './kit.ts';
import { letterWords } from './letters.ts';
import { loginWords } from './login.ts';
import { moreWords } from './more.ts';
import { recordWords } from './record.ts';
import { shellWords } from './shell.ts';
import { undoWords } from './undo.ts';

export const pageWords = {
  homeWords,
  keyWords,
  kitWords,
  letterWords,
  loginWords,
  moreWords,
  recordWords,
  shellWords,
  undoWords,
};

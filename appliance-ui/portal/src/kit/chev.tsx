import { IconChevronRight } from '@tabler/icons-react';

/** At the end of a row that is a link. */
export const Chev = () => <IconChevronRight size={20} className="chev" aria-hidden />;

/**
 * Addresses of the portal. They hold numbers of the session only: never a name, a birth date or a key. Every page is
 * a chunk of its own; what is behind sign-in sends back to it when nobody is signed in.
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { NotFound, PageError } from './fault.tsx';
import { RecordLayout } from './record.tsx';
import { Root } from './root.tsx';
import { Shell } from './shell.tsx';
import { currentSession } from './store.ts';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const login = () => import('../login/pages.ts');
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/in',
  component: lazyRouteComponent(() => import('../login/sign-in.tsx'), 'SignIn'),
});
const first = createRoute({
  getParentRoute: () => root,
  path: '/in/first',
  component: lazyRouteComponent(login, 'FirstTime'),
});
const moreWays = createRoute({
  getParentRoute: () => root,
  path: '/in/more',
  component: lazyRouteComponent(login, 'MoreWays'),
});
const lost = createRoute({
  getParentRoute: () => root,
  path: '/in/lost',
  component: lazyRouteComponent(login, 'Lost'),
});
/** What follows the first opening stands before the shell, and needs a session as the shell does. */
const signedIn = () => {
  if (!currentSession()) throw redirect({ to: '/in', replace: true });
};
const keep = createRoute({
  getParentRoute: () => root,
  path: '/in/keep',
  component: lazyRouteComponent(login, 'Keep'),
  beforeLoad: signedIn,
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: signedIn,
});
const start = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/start.tsx'), 'Start'),
});
const record = createRoute({ getParentRoute: () => shell, path: '/r/$n', component: RecordLayout });

const home = createRoute({
  getParentRoute: () => record,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/home.tsx'), 'Home'),
});
const visitsOf = createRoute({
  getParentRoute: () => record,
  path: 'visits',
  component: lazyRouteComponent(() => import('../pages/visits.tsx'), 'Visits'),
});
const visit = createRoute({
  getParentRoute: () => record,
  path: 'visits/$m',
  component: lazyRouteComponent(() => import('../pages/visit.tsx'), 'Visit'),
});
const genuine = createRoute({
  getParentRoute: () => record,
  path: 'visits/$m/genuine',
  component: lazyRouteComponent(() => import('../pages/genuine.tsx'), 'IsGenuine'),
});
const readers = createRoute({
  getParentRoute: () => record,
  path: 'readers',
  component: lazyRouteComponent(() => import('../pages/readers.tsx'), 'Readers'),
});
const apart = createRoute({
  getParentRoute: () => record,
  path: 'apart',
  component: lazyRouteComponent(() => import('../pages/apart.tsx'), 'KeptApart'),
});

const health = createRoute({
  getParentRoute: () => record,
  path: 'health',
  component: lazyRouteComponent(() => import('../health/health.tsx'), 'Health'),
});
const growth = createRoute({
  getParentRoute: () => record,
  path: 'health/growth',
  component: lazyRouteComponent(() => import('../health/growth.tsx'), 'Growth'),
});
const vaccines = createRoute({
  getParentRoute: () => record,
  path: 'health/vaccines',
  component: lazyRouteComponent(() => import('../health/vaccines.tsx'), 'Vaccines'),
});
const vaccineCard = createRoute({
  getParentRoute: () => record,
  path: 'health/vaccines/card',
  component: lazyRouteComponent(() => import('../health/vaccine-card.tsx'), 'VaccineCard'),
});
const vaccinePaper = createRoute({
  getParentRoute: () => record,
  path: 'health/vaccines/paper',
  component: lazyRouteComponent(() => import('../health/vaccine-paper.tsx'), 'VaccinePaper'),
});
const results = createRoute({
  getParentRoute: () => record,
  path: 'health/results',
  component: lazyRouteComponent(() => import('../health/results.tsx'), 'Results'),
});
const medicines = createRoute({
  getParentRoute: () => record,
  path: 'health/medicines',
  component: lazyRouteComponent(() => import('../health/medicines.tsx'), 'Medicines'),
});
const allergies = createRoute({
  getParentRoute: () => record,
  path: 'health/allergies',
  component: lazyRouteComponent(() => import('../health/allergies.tsx'), 'Allergies'),
});
const problems = createRoute({
  getParentRoute: () => record,
  path: 'health/problems',
  component: lazyRouteComponent(() => import('../health/problems.tsx'), 'Problems'),
});
const vitals = createRoute({
  getParentRoute: () => record,
  path: 'health/vitals',
  component: lazyRouteComponent(() => import('../health/vitals.tsx'), 'Vitals'),
});
const documents = createRoute({
  getParentRoute: () => record,
  path: 'health/documents',
  component: lazyRouteComponent(() => import('../health/documents.tsx'), 'Documents'),
});

const messages = createRoute({
  getParentRoute: () => shell,
  path: '/messages',
  component: lazyRouteComponent(() => import('../pages/messages.tsx'), 'Messages'),
});
const letter = createRoute({
  getParentRoute: () => shell,
  path: '/messages/$m',
  component: lazyRouteComponent(() => import('../pages/letters.tsx'), 'Letters'),
});
const appointments = createRoute({
  getParentRoute: () => shell,
  path: '/visits',
  component: lazyRouteComponent(() => import('../pages/appointments.tsx'), 'Appointments'),
});
const practices = createRoute({
  getParentRoute: () => shell,
  path: '/practices',
  component: lazyRouteComponent(() => import('../pages/practices.tsx'), 'Practices'),
});
const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: lazyRouteComponent(() => import('../pages/keys.tsx'), 'Keys'),
});
const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('../pages/settings.tsx'), 'Settings'),
});
const about = createRoute({
  getParentRoute: () => shell,
  path: '/about',
  component: lazyRouteComponent(() => import('../pages/about.tsx'), 'About'),
});
const more = createRoute({
  getParentRoute: () => shell,
  path: '/more',
  component: lazyRouteComponent(() => import('../pages/more.tsx'), 'More'),
});

const recordPages = [home, visitsOf, visit, genuine, readers, apart] as const;
const healthPages = [
  health,
  growth,
  vaccines,
  vaccineCard,
  vaccinePaper,
  results,
  medicines,
  allergies,
  problems,
  vitals,
  documents,
] as const;
const ownPages = [messages, letter, appointments, practices, keys, settings, about, more] as const;

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    first,
    moreWays,
    lost,
    keep,
    shell.addChildren([start, record.addChildren([...recordPages, ...healthPages]), ...ownPages]),
  ]),
  // A page of another child must not be prepared by a finger that only rests on a link.
  defaultPreload: false,
  // Each page catches its own fault: the shell around it stays.
  defaultErrorComponent: PageError,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

/**
 * Addresses of the portal. They hold numbers of the session only: never a name, a birth date or a key. Every page but
 * the door is a chunk of its own; what is behind sign-in sends back to it when nobody is signed in.
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { SignIn } from '../login/sign-in.tsx';
import { NotFound, PageError, PageMissing } from './fault.tsx';
import { RecordLayout } from './record.tsx';
import { Root } from './root.tsx';
import { Shell } from './shell.tsx';
import { currentSession } from './store.ts';

/**
 * A page in a chunk of its own. One that does not come is a fault of that page, with a way to try again: the router's
 * own answer is to load everything anew, and the key would be gone with it.
 */
const lazy: typeof lazyRouteComponent = (load, name) =>
  lazyRouteComponent(
    () =>
      load().catch(() => {
        throw new PageMissing();
      }),
    name,
  );

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const login = () => import('../login/pages.ts');
/** Whoever loads the page has not signed in: the door comes with it, and not after it. */
const signIn = createRoute({ getParentRoute: () => root, path: '/in', component: SignIn });
const first = createRoute({
  getParentRoute: () => root,
  path: '/in/first',
  component: lazy(login, 'FirstTime'),
});
const moreWays = createRoute({
  getParentRoute: () => root,
  path: '/in/more',
  component: lazy(login, 'MoreWays'),
});
const lost = createRoute({
  getParentRoute: () => root,
  path: '/in/lost',
  component: lazy(login, 'Lost'),
});
/** What follows the first opening stands before the shell, and needs a session as the shell does. */
const signedIn = () => {
  if (!currentSession()) throw redirect({ to: '/in', replace: true });
};
const keep = createRoute({
  getParentRoute: () => root,
  path: '/in/keep',
  component: lazy(login, 'Keep'),
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
  component: lazy(() => import('../pages/start.tsx'), 'Start'),
});
const record = createRoute({ getParentRoute: () => shell, path: '/r/$n', component: RecordLayout });

const home = createRoute({
  getParentRoute: () => record,
  path: '/',
  component: lazy(() => import('../pages/home.tsx'), 'Home'),
});
const visitsOf = createRoute({
  getParentRoute: () => record,
  path: 'visits',
  component: lazy(() => import('../pages/visits.tsx'), 'Visits'),
});
const visit = createRoute({
  getParentRoute: () => record,
  path: 'visits/$m',
  component: lazy(() => import('../pages/visit.tsx'), 'Visit'),
});
const genuine = createRoute({
  getParentRoute: () => record,
  path: 'visits/$m/genuine',
  component: lazy(() => import('../pages/genuine.tsx'), 'IsGenuine'),
});
const readers = createRoute({
  getParentRoute: () => record,
  path: 'readers',
  component: lazy(() => import('../pages/readers.tsx'), 'Readers'),
});
const apart = createRoute({
  getParentRoute: () => record,
  path: 'apart',
  component: lazy(() => import('../pages/apart.tsx'), 'KeptApart'),
});

const health = createRoute({
  getParentRoute: () => record,
  path: 'health',
  component: lazy(() => import('../health/health.tsx'), 'Health'),
});
const growth = createRoute({
  getParentRoute: () => record,
  path: 'health/growth',
  component: lazy(() => import('../health/growth.tsx'), 'Growth'),
});
const vaccines = createRoute({
  getParentRoute: () => record,
  path: 'health/vaccines',
  component: lazy(() => import('../health/vaccines.tsx'), 'Vaccines'),
});
const vaccineCard = createRoute({
  getParentRoute: () => record,
  path: 'health/vaccines/card',
  component: lazy(() => import('../health/vaccine-card.tsx'), 'VaccineCard'),
});
const vaccinePaper = createRoute({
  getParentRoute: () => record,
  path: 'health/vaccines/paper',
  component: lazy(() => import('../health/vaccine-paper.tsx'), 'VaccinePaper'),
});
const results = createRoute({
  getParentRoute: () => record,
  path: 'health/results',
  component: lazy(() => import('../health/results.tsx'), 'Results'),
});
const medicines = createRoute({
  getParentRoute: () => record,
  path: 'health/medicines',
  component: lazy(() => import('../health/medicines.tsx'), 'Medicines'),
});
const allergies = createRoute({
  getParentRoute: () => record,
  path: 'health/allergies',
  component: lazy(() => import('../health/allergies.tsx'), 'Allergies'),
});
const problems = createRoute({
  getParentRoute: () => record,
  path: 'health/problems',
  component: lazy(() => import('../health/problems.tsx'), 'Problems'),
});
const vitals = createRoute({
  getParentRoute: () => record,
  path: 'health/vitals',
  component: lazy(() => import('../health/vitals.tsx'), 'Vitals'),
});
const documents = createRoute({
  getParentRoute: () => record,
  path: 'health/documents',
  component: lazy(() => import('../health/documents.tsx'), 'Documents'),
});

const messages = createRoute({
  getParentRoute: () => shell,
  path: '/messages',
  component: lazy(() => import('../pages/messages.tsx'), 'Messages'),
});
const letter = createRoute({
  getParentRoute: () => shell,
  path: '/messages/$m',
  component: lazy(() => import('../pages/letters.tsx'), 'Letters'),
});
const appointments = createRoute({
  getParentRoute: () => shell,
  path: '/visits',
  component: lazy(() => import('../pages/appointments.tsx'), 'Appointments'),
});
const practices = createRoute({
  getParentRoute: () => shell,
  path: '/practices',
  component: lazy(() => import('../pages/practices.tsx'), 'Practices'),
});
const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: lazy(() => import('../pages/keys.tsx'), 'Keys'),
});
const undo = createRoute({
  getParentRoute: () => shell,
  path: '/keys/undo',
  component: lazy(() => import('../pages/undo.tsx'), 'Undo'),
});
const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazy(() => import('../pages/settings.tsx'), 'Settings'),
});
const about = createRoute({
  getParentRoute: () => shell,
  path: '/about',
  component: lazy(() => import('../pages/about.tsx'), 'About'),
});
const more = createRoute({
  getParentRoute: () => shell,
  path: '/more',
  component: lazy(() => import('../pages/more.tsx'), 'More'),
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
const ownPages = [messages, letter, appointments, practices, keys, undo, settings, about, more] as const;

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

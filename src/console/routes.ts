/** Every page and every action of the console, with the role that it needs. */
import { auditRoutes } from './pages/audit.js';
import { batchRoutes } from './pages/batch.js';
import { batchesRoutes } from './pages/batches.js';
import { lineRoutes } from './pages/line.js';
import { nightsRoutes } from './pages/nights.js';
import { pushesRoutes } from './pages/pushes.js';
import { queuesRoutes } from './pages/queues.js';
import { settingsRoutes } from './pages/settings.js';
import { todayRoutes } from './pages/today.js';
import { usersRoutes } from './pages/users.js';
import type { Route } from './visit.js';

export const ROUTES: readonly Route[] = [
  ...todayRoutes,
  ...batchesRoutes,
  ...batchRoutes,
  ...nightsRoutes,
  ...pushesRoutes,
  ...lineRoutes,
  ...settingsRoutes,
  ...usersRoutes,
  ...auditRoutes,
  ...queuesRoutes,
];

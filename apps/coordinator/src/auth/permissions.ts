/** What the four roles are called; a `site` belongs to one organisation. */
export const ROLES = ['admin', 'researcher', 'auditor', 'site'] as const;
export type Role = (typeof ROLES)[number];

/**
 * The one table of who may do what. It says which kinds of act a role may do; on which objects is decided by the
 * services (scope.ts): a researcher controls its own runs, a site sees its own organisation's nodes and runs.
 */
export const PERMISSIONS = {
  'run.read': ['admin', 'researcher', 'auditor', 'site'],
  'run.launch': ['admin', 'researcher'],
  'run.control': ['admin', 'researcher'],
  'run.close': ['admin', 'researcher'],
  'model.read': ['admin', 'researcher', 'auditor', 'site'],
  'evidence.read': ['admin', 'researcher', 'auditor', 'site'],
  /** A single update tells more about its site than a model does. */
  'update.read': ['admin', 'auditor'],
  'node.read': ['admin', 'researcher', 'auditor', 'site'],
  'node.invite': ['admin'],
  'node.suspend': ['admin'],
  'reward.read': ['admin', 'researcher', 'auditor', 'site'],
  'people.manage': ['admin'],
  'log.read': ['admin', 'auditor'],
  /** One's own session and tokens. */
  self: ['admin', 'researcher', 'auditor', 'site'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;
export type Permission = keyof typeof PERMISSIONS;

export const ALL_PERMISSIONS: readonly Permission[] = Object.keys(PERMISSIONS).filter(isPermission);

export function isPermission(name: string): name is Permission {
  return Object.hasOwn(PERMISSIONS, name);
}

/** Everything a role may do. */
export function permissionsOf(role: Role): ReadonlySet<Permission> {
  return new Set(ALL_PERMISSIONS.filter((permission) => mayRole(role, permission)));
}

function mayRole(role: Role, permission: Permission): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return roles.includes(role);
}

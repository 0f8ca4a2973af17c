/**
 * The SQLSTATE of what a PostgreSQL server refused; undefined for any other error. It is known by
 * its shape, because loading the driver is for those who use it.
 */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined;
}
